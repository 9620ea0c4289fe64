import { fromArrays } from '@amr/datasets';
import { parameterCount } from '@amr/encoders';
import { AdversarialTrainer, memoryStore } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipShapes } from './dryRun/clipCounts.js';
import { buildDefence, buildStream, framesOf, startFromStream } from './models.js';
import { resolveSettings, shipped } from './settings/resolveSettings.js';
import type { StreamName } from './settings/settings.js';

beforeAll(() => tf.setBackend('cpu'));

const SMALL = [
  'prepare.video.frames=4',
  'models.video.size=16',
  'models.video.width=4',
  'prepare.skeleton.frames=8',
  'models.skeleton.width=4',
];
const small = (set: string[] = []) =>
  resolveSettings({ preset: 'smoke', data: 'utd-mhad', set: [...SMALL, ...set] }).settings;
const valuesOf = (model: LayersModel) =>
  new Map(model.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));

async function checkpointOf(stream: StreamName, settings = small()): Promise<Uint8Array> {
  const { model } = buildStream(settings, stream, 7, 3);
  const modality = settings.streams[stream].modality;
  const shape = clipShapes(settings)[modality]!;
  const length = 2 * shape.reduce((size, axis) => size * axis, 1);
  const data = Float32Array.from({ length }, (_, i) => (i % 7) / 7);
  const set = fromArrays({
    modalities: { [modality]: { data, shape, unit: 'one' } },
    labels: [0, 1],
    classes: ['a', 'b', 'c'],
  });
  const checkpoint = memoryStore();
  const trainer = new AdversarialTrainer({
    model,
    objective: 'cross-entropy',
    optimizer: tf.train.sgd(0.1),
    checkpoint,
    batchSize: 2,
    seed: 1,
  });
  await trainer.fit(set, { epochs: 1 });
  return (await checkpoint.read())!;
}

describe('networks of the shipped files', () => {
  it.each(shipped('datasets'))('are built for %s', (data) => {
    const { settings } = resolveSettings({ preset: 'smoke', data });
    for (const defence of ['undefended', 'amr-at']) {
      const { model } = buildDefence(settings, defence, 1, settings.dataset.classes);
      const shapes = clipShapes(settings);
      expect(model.inputs.map(({ shape }) => shape.slice(1))).toEqual(Object.values(shapes));
      expect(model.inputNames).toEqual(Object.keys(shapes));
      expect(model.outputNames.slice(0, 3)).toEqual([
        'logits',
        ...model.inputNames.map((modality) => `${modality}Logits`),
      ]);
    }
  });

  it('are the published ones in full size', () => {
    const { settings } = resolveSettings({ preset: 'gpu-80gb', data: 'ntu60' });
    expect(clipShapes(settings)).toEqual({ rgb: [32, 112, 112, 3], skeleton: [2, 64, 25, 3] });
    const { model } = buildStream(settings, 'skeleton', 1, 60);
    expect(parameterCount(model)).toBe(1_446_522);
  });

  it('start with the same weights for the same seed, whatever the defence', () => {
    const settings = small();
    const [plain, reweighted] = ['pgd-at', 'amr-at'].map((name) =>
      valuesOf(buildDefence(settings, name, 1, 5).model),
    );
    for (const [name, values] of plain!) expect([name, reweighted!.get(name)]).toEqual([name, values]);
    expect(reweighted!.size).toBeGreaterThan(plain!.size);
  });

  it('read fewer frames than are prepared when the settings say so', () => {
    const settings = small(['models.skeleton.frames=8', 'prepare.skeleton.frames=16']);
    expect(framesOf(settings, 'skeleton')).toBe(8);
    expect(framesOf(settings, 'video')).toBe(4);
    expect(buildDefence(settings, 'undefended', 1, 3).model.inputs[1]!.shape).toEqual([null, 1, 8, 20, 3]);
  });
});

describe('startFromStream', () => {
  it.each<StreamName>(['video', 'skeleton'])(
    'sets the weights of the %s stream, and no others',
    async (stream) => {
      const settings = small();
      const bytes = await checkpointOf(stream);
      const network = buildDefence(settings, 'amr-at', 1, 5);
      const before = valuesOf(network.model);
      const { restored, skipped } = startFromStream(network, stream, bytes);
      const after = valuesOf(network.model);
      const changed = [...after].filter(([name, values]) => `${values}` !== `${before.get(name)}`);
      const own = new Set(network.encoders[stream]!.model.weights.map(({ originalName }) => originalName));
      expect(changed.every(([name]) => own.has(name))).toBe(true);
      // Trained weights differ from all initial ones, apart from biases and statistics, which start equal in all networks.
      expect(changed.filter(([name]) => name.endsWith('/kernel')).length).toBe(
        [...own].filter((name) => name.endsWith('/kernel')).length,
      );
      expect(new Set(restored)).toEqual(own);
      expect(skipped.sort()).toEqual(['logits/bias', 'logits/kernel']);
    },
  );

  it('refuses the other stream, and another network of the same stream', async () => {
    const bytes = await checkpointOf('skeleton');
    const network = buildDefence(small(), 'amr-at', 1, 5);
    expect(() => startFromStream(network, 'video', bytes)).toThrow(/got no 'rgb/);
    const deeper = buildDefence(small(['models.skeleton.blocks=[1, 2, 1]']), 'amr-at', 1, 5);
    expect(() => startFromStream(deeper, 'skeleton', bytes)).toThrow(/got no 'skeletonStage2Block2/);
    const shallower = buildDefence(small(['models.skeleton.blocks=[1, 1]']), 'amr-at', 1, 5);
    expect(() => startFromStream(shallower, 'skeleton', bytes)).toThrow(
      /of another skeleton network, with 'skeletonStage3/,
    );
  });
});
