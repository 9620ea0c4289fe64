import {
  type ArrayDataset,
  actionClips,
  fromArrays,
  type LabelledArrays,
  ntuBones,
  utdMhad,
} from '@amr/datasets';
import { skeletonGraph } from '@amr/encoders';
import type { Settings } from './settings.js';

/** The parts of a data set, each in memory that worker threads share. */
export interface SharedData {
  readonly train: LabelledArrays;
  readonly test: LabelledArrays;
}
/** The parts of a data set. */
export interface Data {
  readonly train: ArrayDataset;
  readonly test: ArrayDataset;
}

/** Generates or reads the data of a run, once, for all workers. */
export async function loadData(
  data: Settings['data'],
  onProgress?: (done: number, total: number) => void,
): Promise<SharedData> {
  const parts: ArrayDataset[] = [];
  for (const [index, part] of (['train', 'test'] as const).entries()) {
    parts.push(
      data.kind === 'generated'
        ? await actionClips({
            seed: data.seed,
            samplesPerClass: data.samplesPerClass,
            resolution: data.resolution,
            frames: data.frames,
            split: { by: 'subject', part },
            onProgress: ({ done, total }) => onProgress?.(index + done / total, 2),
          })
        : await utdMhad(data.root, { split: part, resolution: data.resolution, frames: data.frames }),
    );
  }
  return { train: sharedArrays(parts[0]!), test: sharedArrays(parts[1]!) };
}

export const openData = (data: SharedData): Data => ({
  train: fromArrays(data.train),
  test: fromArrays(data.test),
});

/** Copies a data set into memory that threads share: pictures as bytes, as they were recorded, everything else as floats. */
function sharedArrays(dataset: ArrayDataset): LabelledArrays {
  const modalities: LabelledArrays['modalities'] = {};
  for (const [name, { shape, unit, range }] of Object.entries(dataset.modalities)) {
    const length = shape.reduce((product, size) => product * size, 1);
    const total = dataset.size * length;
    const bytes = unit === 'intensity';
    const data = bytes
      ? new Uint8Array(new SharedArrayBuffer(total))
      : new Float32Array(new SharedArrayBuffer(total * 4));
    for (let i = 0; i < dataset.size; i++) {
      const values = dataset.values(i, name);
      data.set(bytes ? values.map((value) => Math.round(value * 255)) : values, i * length);
    }
    modalities[name] = { data, shape: [...shape], unit, ...(range && !bytes && { range }) };
  }
  return { modalities, labels: dataset.labels, classes: dataset.classes, ids: dataset.ids };
}

/** Pairs of joints to draw. */
export const bonesOf = (data: Settings['data']): readonly (readonly [number, number])[] =>
  data.kind === 'generated' ? ntuBones : skeletonGraph('utd-mhad').edges;
