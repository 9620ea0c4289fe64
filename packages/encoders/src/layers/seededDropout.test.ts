import { reloaded } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { SeededDropout } from './seededDropout.js';

const drop = (layer: SeededDropout, x: tf.Tensor) => [
  ...(layer.apply(x, { training: true }) as tf.Tensor).dataSync(),
];

describe('SeededDropout', () => {
  it('drops its share and keeps the mean in training, and changes nothing otherwise', () => {
    const x = tf.ones([100, 2, 5, 5]);
    const layer = new SeededDropout({ rate: 0.25, seed: 1 });
    const values = drop(layer, x);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(4 / 3)]));
    expect(Math.abs(values.filter((value) => value === 0).length / values.length - 0.25)).toBeLessThan(0.02);
    expect((layer.apply(x) as tf.Tensor).dataSync()).toEqual(x.dataSync());
    expect(drop(new SeededDropout({ rate: 0 }), x)).toEqual([...x.dataSync()]);
  });

  it('drops different values at each call, and the same sequence with the same seed', () => {
    const x = tf.ones([64]);
    const calls = (seed: number) => {
      const layer = new SeededDropout({ rate: 0.5, seed });
      return [drop(layer, x), drop(layer, x), drop(layer, x)];
    };
    expect(calls(3)).toEqual(calls(3));
    expect(calls(3)).not.toEqual(calls(4));
    expect(new Set(calls(0).map((values) => values.join())).size).toBe(3);
  });

  it('restarts when a seed is set, as the trainer of @amr/train does', () => {
    const x = tf.ones([64]);
    const layer = new SeededDropout({ rate: 0.5 });
    const calls = () => {
      layer.seed = 3;
      return [drop(layer, x), drop(layer, x)];
    };
    const first = calls();
    expect(calls()).toEqual(first);
    expect(drop(new SeededDropout({ rate: 0.5, seed: 3 }), x)).toEqual(first[0]);
  });

  it('has a gradient for the values that stay, no others, and leaves no tensor behind', () => {
    const x = tf.ones([64]);
    const build = () => new SeededDropout({ rate: 0.5, seed: 3 });
    const expected = drop(build(), x);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const layer = build();
      const gradient = tf.grad((z) => layer.apply(z, { training: true }) as tf.Tensor)(x);
      expect([...gradient.dataSync()]).toEqual(expected);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps its config and its shape through a saved model', async () => {
    const x = input({ shape: [2, 3] });
    const outputs = new SeededDropout({ rate: 0.5, seed: 8, name: 'drop' }).apply(x) as SymbolicTensor;
    expect(outputs.shape).toEqual([null, 2, 3]);
    const copy = await reloaded(model({ inputs: x, outputs }));
    expect(copy.getLayer('drop').getConfig()).toMatchObject({ rate: 0.5, seed: 8 });
  });

  it('refuses to drop all values', () => {
    expect(() => new SeededDropout({ rate: 1 })).toThrow(
      /^SeededDropout\.rate: got 1; expected a number in \[0, 1\)/,
    );
  });
});
