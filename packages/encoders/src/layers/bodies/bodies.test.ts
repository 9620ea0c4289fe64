import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { BodyMask, BodyMean, BodyPresence, RootCentering } from './bodies.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const bodies = (...given: tf.Tensor[]) => tf.stack(given, 1);
const absent = () => tf.zeros([1, 3, 4, 3]);
const clip = (seed: number) => random([1, 3, 4, 3], seed);

describe('BodyPresence', () => {
  it('is 1 for a body with any coordinate that is not 0', () => {
    const small = tf.scatterND([[0, 2, 3, 1]], [-1e-6], [1, 3, 4, 3]);
    const presence = new BodyPresence({}).apply(bodies(absent(), clip(1), small)) as tf.Tensor;
    expect(presence.arraySync()).toEqual([[0, 1, 1]]);
  });
});

describe('BodyMask and BodyMean', () => {
  it('leave absent bodies out', () => {
    const x = bodies(clip(1), clip(2), clip(3));
    const presence = tf.tensor2d([[1, 0, 1]]);
    const masked = new BodyMask({}).apply([x, presence]) as tf.Tensor;
    expect(tf.max(tf.abs(tf.sub(masked, bodies(clip(1), absent(), clip(3))))).dataSync()[0]).toBe(0);
    const mean = new BodyMean({}).apply([x, presence]) as tf.Tensor;
    const expected = tf.mean(bodies(clip(1), clip(3)), [1, 2, 3]).dataSync();
    expect([...mean.dataSync()]).toEqual([...expected].map((v) => expect.closeTo(v, 5)));
    expect((new BodyMean({}).apply([x, tf.zeros([1, 3])]) as tf.Tensor).arraySync()).toEqual([[0, 0, 0]]);
  });

  it('have the gradients of finite differences', () => {
    const x = bodies(clip(1), clip(2));
    const presence = tf.tensor2d([[1, 0]]);
    expectGradientsOfDifferences((z) => new BodyMask({}).apply([z, presence]) as tf.Tensor, [x]);
    expectGradientsOfDifferences((z) => new BodyMean({}).apply([z, presence]) as tf.Tensor, [x]);
  });
});

describe('RootCentering', () => {
  const center = (x: tf.Tensor, root = 2) => new RootCentering({ root }).apply(x) as tf.Tensor;

  it('moves the root of the first present body to the origin on average, and the others with it', () => {
    const [first, second] = [clip(1), clip(2)];
    const origin = tf.mean(tf.slice(first, [0, 0, 2, 0], [1, 3, 1, 3]), 1, true); // [1, 1, 1, 3]
    const expected = bodies(absent(), tf.sub(first, origin), tf.sub(second, origin)).dataSync();
    const got = center(bodies(absent(), first, second)).dataSync();
    expect([...got]).toEqual([...expected].map((v) => expect.closeTo(v, 5)));
  });

  it('does not depend on where the scene is, and keeps frames of zeros', () => {
    const empty = tf.concat([tf.slice(clip(1), 0, [1, 3, 4, 3]), tf.zeros([1, 2, 4, 3])], 1);
    const there = tf.concat([tf.add(clip(1), [1, -2, 3]), tf.zeros([1, 2, 4, 3])], 1);
    const [here, moved] = [center(bodies(empty)), center(bodies(there))];
    expect([...moved.dataSync()]).toEqual([...here.dataSync()].map((v) => expect.closeTo(v, 4)));
    expect(tf.sum(tf.abs(tf.slice(moved, [0, 0, 3, 0, 0]))).dataSync()[0]).toBe(0);
  });

  it('has the gradient of finite differences', () => {
    expectGradientsOfDifferences((x) => center(x), [bodies(clip(1), clip(2))]);
  });

  it('does not change a confidence, or joints that were not found', () => {
    const scored = { root: 0, confidence: true };
    // Two frames of three joints [x, y, score]; the last joint is not found in the first frame, the root in the second.
    const x = tf.tensor5d([2, 4, 0.5, 3, 5, 1, 0, 0, 0, 0, 0, 0, 6, 5, 0.25, 2, 2, 1], [1, 1, 2, 3, 3]);
    const centered = new RootCentering(scored).apply(x) as tf.Tensor;
    expect([...centered.dataSync()]).toEqual([0, 0, 0.5, 1, 1, 1, 0, 0, 0, 0, 0, 0, 4, 1, 0.25, 0, -2, 1]);
    const rootless = tf.mul(x, tf.tensor2d([[0, 0, 0], [1, 1, 1], [1, 1, 1]])); // biome-ignore format: a matrix
    expect((new RootCentering(scored).apply(rootless) as tf.Tensor).dataSync()).toEqual(rootless.dataSync());
    expectGradientsOfDifferences((z) => new RootCentering(scored).apply(z) as tf.Tensor, [random([2, 2, 3, 4, 3], 1)]); // biome-ignore format: one call
  });

  it('refuses a root that is not a joint', () => {
    expect(() => center(bodies(clip(1)), 4)).toThrow(
      /^RootCentering\.root: got 4; expected a joint from 0 to 3/,
    );
  });

  it('keeps its config through a saved model', async () => {
    const x = input({ shape: [2, 3, 4, 3] });
    const outputs = new RootCentering({ root: 3, confidence: true, name: 'center' }).apply(
      x,
    ) as SymbolicTensor;
    const copy = await reloaded(model({ inputs: x, outputs }));
    expect(copy.getLayer('center').getConfig()).toMatchObject({ root: 3, confidence: true });
  });
});
