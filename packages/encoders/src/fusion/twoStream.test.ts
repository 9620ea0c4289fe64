import { AttentionModalityReweighter, amrLoss } from '@amr/layers';
import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { stgcn } from '../networks/skeleton/stgcn.js';
import { resnet3d } from '../networks/video/resnet3d.js';
import { type TwoStreamConfig, twoStream } from './twoStream.js';

const graph = { joints: 3, edges: [[0, 1], [1, 2]] as [number, number][], center: 1 }; // biome-ignore format: bones
const encoders = (name = 'rgb') => ({
  rgb: resnet3d({
    inputShape: [2, 8, 8, 1],
    width: 4,
    blocks: [1, 1],
    strides: [[1, 1, 1], [1, 2, 2]], // biome-ignore format: one per stage
    stem: 'r3d',
    stemKernel: [1, 3, 3],
    seed: 1,
    name,
  }),
  skeleton: stgcn({
    frames: 4,
    persons: 2,
    layout: graph,
    width: 4,
    blocks: [1, 1, 1],
    temporalKernel: 3,
    seed: 2,
  }),
});
const build = (config: Partial<TwoStreamConfig> = {}) =>
  twoStream({ ...encoders(), classes: 3, seed: 3, ...config });
const clips = (batch = 2): [tf.Tensor, tf.Tensor] => [
  tf.randomUniform([batch, 2, 8, 8, 1], 0, 1, 'float32', 1),
  tf.randomNormal([batch, 2, 4, 3, 3], 0, 1, 'float32', 2),
];
const predict = (model: LayersModel, x: tf.Tensor[]) => model.predict(x) as tf.Tensor[];
const largestDifference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

describe('twoStream', () => {
  it('names its inputs after the modalities and its outputs logits, auxiliary logits, weights', () => {
    const model = build({ ...encoders('depth'), at: [1, 2], returnWeights: true });
    expect(model.inputNames).toEqual(['depth', 'skeleton']);
    expect(model.outputNames).toEqual([
      'logits',
      'depthLogits',
      'skeletonLogits',
      'reweighter1',
      'reweighter2',
    ]);
    for (const batch of [1, 3]) {
      const shapes = predict(model, clips(batch)).map(({ shape }) => shape);
      expect(shapes).toEqual([[batch, 3], [batch, 3], [batch, 3], [batch, 2], [batch, 2]]); // biome-ignore format: shapes
    }
  });

  it.each<Partial<TwoStreamConfig>>([
    {},
    { at: 1 },
    { at: [1, { rgb: 'rgbStage2', skeleton: 3 }], reweighter: { granularity: 'channel' } },
  ])('starts as the same network as without reweighting: %j', (config) => {
    const x = clips();
    const [amr, concat] = [build({ fusion: 'amr', ...config }), build({ fusion: 'concat' })];
    for (const [i, output] of predict(concat, x).entries()) {
      expect(predict(amr, x)[i]!.dataSync()).toEqual(output.dataSync());
    }
  });

  it('reweights the stage at the fusion point, and the later layers get its output', () => {
    const model = build({ at: { rgb: 'rgbStage1', skeleton: 'skeletonStage2' }, returnWeights: true });
    const x = clips();
    const before = predict(model, x);
    const reweighter = model.getLayer('reweighter') as AttentionModalityReweighter;
    expect(reweighter).toBeInstanceOf(AttentionModalityReweighter);
    expect((reweighter.input as { shape: unknown }[]).map(({ shape }) => shape)).toEqual([
      [null, 2, 4, 4, 4],
      [null, 2, 2, 3, 8],
    ]);
    const [w, b, v] = reweighter.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
    reweighter.setWeights([w, b, v, tf.tensor1d([60, -60])]); // all weight on the first stream
    const after = predict(model, x);
    expect(after[3]!.arraySync()).toEqual([[1, 0], [1, 0]]); // biome-ignore format: a matrix
    for (const i of [0, 1, 2]) expect(largestDifference(before[i]!, after[i]!)).toBeGreaterThan(1e-4);
    // The skeleton's stage is all zeros now: another skeleton does not change the prediction.
    const other = predict(model, [x[0], tf.mul(x[1], -2)]);
    expect(largestDifference(other[0]!, after[0]!)).toBeLessThan(1e-6);
  });

  it('shares the weights of the encoders and leaves them usable', () => {
    const streams = encoders();
    const [video] = clips();
    const before = (streams.rgb.model.predict(video) as tf.Tensor).dataSync();
    const model = build({ ...streams, at: 1 });
    expect((streams.rgb.model.predict(video) as tf.Tensor).dataSync()).toEqual(before);
    const names = new Set(model.weights.map((weight) => weight.name));
    expect(streams.rgb.model.weights.every((weight) => names.has(weight.name))).toBe(true);
  });

  it('renames a modality', () => {
    const model = build({ names: { rgb: 'infrared' } });
    expect(model.inputNames).toEqual(['infrared', 'skeleton']);
    expect(model.outputNames[1]).toBe('infraredLogits');
    expect(predict(model, clips())[0]!.dataSync()).toEqual(predict(build(), clips())[0]!.dataSync());
  });

  it('saves, loads, and gives the same outputs', async () => {
    const model = build({
      at: [1, 'last'],
      returnWeights: true,
      dropout: 0.5,
      reweighter: { temperature: 0.5 },
    });
    perturbWeights(model);
    const copy = await reloaded(model);
    expect([copy.inputNames, copy.outputNames]).toEqual([model.inputNames, model.outputNames]);
    const x = clips();
    for (const [i, output] of predict(model, x).entries()) {
      expect(predict(copy, x)[i]!.dataSync()).toEqual(output.dataSync());
    }
  });

  it('has the input gradients of finite differences', () => {
    const model = build({ at: [1, 2] });
    perturbWeights(model);
    const logits = (...x: tf.Tensor[]) => (model.apply(x) as tf.Tensor[])[0]!;
    expectGradientsOfDifferences(logits, clips(), { step: 2e-3, tolerance: 0.05 });
  });

  it('learns every weight with the AMR loss, and leaves no tensor behind', () => {
    const model = build({ at: [1, 'last'] });
    const x = clips(6);
    const labels = tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32');
    const optimizer = tf.train.adam(0.02);
    const loss = () => {
      const [logits, ...auxiliary] = model.apply(x, { training: true }) as tf.Tensor2D[];
      return amrLoss({ logits: logits!, auxiliary, labels });
    };
    const start = model.trainableWeights.map((weight) => weight.read().dataSync().slice());
    const step = () => tf.tidy(() => optimizer.minimize(loss, true)!.dataSync()[0]!);
    const first = step();
    const before = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 10; i++) last = step();
    expect(last).toBeLessThan(first / 2);
    expect(tf.memory().numTensors).toBe(before);
    const unmoved = model.trainableWeights.filter((weight, i) => {
      const now = weight.read().dataSync();
      return start[i]!.every((value, j) => value === now[j]);
    });
    expect(unmoved.map((weight) => weight.name)).toEqual([]);
  });

  it('refuses other configs, and says what it expects', () => {
    expect(() => build({ at: 3 })).toThrow(/^twoStream\.at: got 3; .*1 to 2.*rgbStage1, rgbStage2 for rgb/);
    expect(() => build({ at: { rgb: 1 } })).toThrow(
      /^twoStream\.at\.skeleton: got undefined; .*skeletonStage3/,
    );
    expect(() => build({ at: { rgb: 'conv4', skeleton: 1 } })).toThrow(
      /^twoStream\.at\.rgb: got 'conv4'; .*for rgb/,
    );
    expect(() => build({ at: [2, 1] })).toThrow(/^twoStream\.at\[1\]: got rgbStage1 after rgbStage2 for rgb/);
    expect(() => build({ at: ['last', { rgb: 1, skeleton: 1 }] })).toThrow(
      /at\[1\]: got rgbStage1 after rgbStage2/,
    );
    expect(() => build({ classes: 1 })).toThrow(/^twoStream\.classes: got 1/);
    expect(() => build({ fusion: 'product' as 'amr' })).toThrow(/^twoStream\.fusion: got 'product'/);
    expect(() => build({ dropout: -1 })).toThrow(/^twoStream\.dropout: got -1/);
    expect(() => build({ names: { rgb: 'skeleton' } })).toThrow(/same names/);
    expect(() => build({ ...encoders('skeleton') })).toThrow(/same names/);
    expect(() => build({ rgb: undefined })).toThrow(/^twoStream\.rgb: got undefined; expected an encoder/);
    expect(() => build({ names: { video: 'depth' } as object })).toThrow(
      /^twoStream\.names\.video: got an unknown/,
    );
    expect(() => build({ drop: 0.5 } as object)).toThrow(/^twoStream\.drop: got an unknown option/);
  });
});
