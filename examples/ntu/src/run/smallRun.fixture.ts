import { join } from 'node:path';
import { type ListedSample, prepare, type SourceFormat, type StoredModality } from '@amr/datasets/node';
import { resolveSettings } from '../settings/resolveSettings.js';
import type { Settings } from '../settings/settings.js';
import type { RunRecord } from './runFolder.js';

/** Clips in a run that {@link prepareSmall} prepares: as many to train on as to test on. */
export const CLIPS = 4;
/** Its classes. */
export const CLASSES = ['still', 'rising', 'falling'];

/** Networks and clips so small that a training takes seconds on the cpu backend. */
const SMALL = [
  'dataset.classes=3',
  'prepare.video.frames=2',
  'prepare.video.size=10',
  'prepare.skeleton.frames=6',
  'prepare.skeleton.persons=1',
  'streams.skeleton.persons=1',
  'models.video.size=8',
  'models.video.width=2',
  'models.video.blocks=[1]',
  'models.video.strides=[[1, 2, 2]]',
  'models.video.stemKernel=[1, 3, 3]',
  'models.skeleton.width=2',
  'models.skeleton.blocks=[1]',
  'models.skeleton.temporalKernel=3',
  'training.video.epochs=1',
  'training.video.batchSize=3',
  'training.skeleton.epochs=1',
  'training.skeleton.batchSize=3',
  'training.joint.epochs=2',
  'training.joint.batchSize=3',
  'training.joint.attack.steps=1',
  'evaluation.batchSize=2',
  'evaluation.suites.gradient.samples=all',
  'evaluation.suites.autoattack.samples=8',
  'evaluation.suites.gradient.attacks.pgd-20.steps=1',
  'evaluation.suites.gradient.attacks.cw-20.steps=1',
];

/** Settings of a small run. */
export const smallSettings = (set: readonly string[] = []): Settings =>
  resolveSettings({ preset: 'smoke', data: 'ntu60', set: [...SMALL, ...set] }).settings;

/** The `run.json` of a small run whose prepared data is in the folder's `prepared`. */
export const smallRun = (folder: string, settings = smallSettings()): RunRecord => ({
  preset: 'smoke',
  data: 'ntu60',
  prepared: join(folder, 'prepared'),
  settings,
});

/** Prepares clips that are made in memory: those of subject 1 are trained on, those of subject 3 are tested on. */
export async function prepareSmall(folder: string): Promise<void> {
  await prepare(clipsOf(smallSettings()), {}, { out: join(folder, 'prepared'), workers: 0 });
}

function clipsOf({ prepare: { video, skeleton } }: Settings): SourceFormat<object> {
  const modalities: { [name: string]: StoredModality } = {
    rgb: {
      dtype: 'uint8',
      shape: [video.frames, video.size, video.size, 3],
      kind: 'video',
      unit: 'intensity',
    },
    skeleton: { dtype: 'float32', shape: [1, skeleton.frames, 25, 3], kind: 'skeleton', unit: 'metres' },
  };
  const samples = Array.from({ length: 2 * CLIPS }, (_, i): ListedSample => {
    const subject = i < CLIPS ? 1 : 3;
    return { id: `s${subject}c${i % CLIPS}`, label: i % 3, tags: { subject }, files: {}, part: i };
  });
  return {
    name: 'small',
    list: async () => ({
      dataset: 'small',
      classes: CLASSES,
      modalities,
      samples,
      splits: { xsub: { by: 'subject', train: [1], test: [3] } },
      skipped: [],
    }),
    async read({ label, part }) {
      const noise = (j: number) => Math.sin((part as number) + 12.9898 * j);
      const arrays: { [modality: string]: Uint8Array | Float32Array } = {};
      for (const [name, { dtype, shape }] of Object.entries(modalities)) {
        const size = shape.reduce((a, b) => a * b, 1);
        arrays[name] =
          dtype === 'uint8'
            ? Uint8Array.from({ length: size }, (_, j) => 100 + 50 * label + 40 * noise(j))
            : Float32Array.from(
                { length: size },
                (_, j) => (label - 1) * Math.floor(j / 75) * 0.1 + noise(j),
              );
      }
      return { arrays };
    },
  };
}
