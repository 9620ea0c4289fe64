import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { SumFusion } from './sumFusion.js';

/** Means [2, 4] and [5, -1]. */
const rgb = tf.tensor3d([[[1, 2], [3, 6]]]); // biome-ignore format: a matrix
const skeleton = tf.tensor2d([[5, -1]]);
const inertial = tf.tensor2d([[10]]);

describe('SumFusion', () => {
  it('adds or averages the means', () => {
    expect(new SumFusion().apply([rgb, skeleton]).arraySync()).toEqual([[7, 3]]);
    expect(new SumFusion({ average: true }).apply([rgb, skeleton]).arraySync()).toEqual([[3.5, 1.5]]);
  });

  it('projects modalities of different channels, without bias', () => {
    const layer = new SumFusion({ units: 3 });
    layer.apply([rgb, inertial]);
    layer.setWeights([tf.tensor2d([[1, 0, 2], [0, 1, -1]]), tf.tensor2d([[0.5, -1, 0]])]); // biome-ignore format: matrices
    expect(layer.apply([rgb, inertial]).arraySync()).toEqual([[2 + 5, 4 - 10, 0]]);
    expect(layer.apply([tf.zerosLike(rgb), tf.zerosLike(inertial)]).arraySync()).toEqual([[0, 0, 0]]);
  });

  it('counts the products of its projections', () => {
    const shapes = [[null, 2, 16], [null, 12]]; // biome-ignore format: two shapes
    expect(new SumFusion({ units: 10 }).multiplyAdds(shapes)).toBe((16 + 12) * 10);
    expect(new SumFusion().multiplyAdds([[null, 3], [null, 3]])).toBe(0); // biome-ignore format: two shapes
  });

  it('refuses features that it cannot add, and widths that are not whole numbers', () => {
    expect(() => new SumFusion().apply([rgb, inertial])).toThrow(/got 2 and 1 channels.*units/);
    expect(() => new SumFusion().computeOutputShape([[null, 2], [null, 3]])).toThrow(/2 and 3 channels/); // biome-ignore format: two shapes
    for (const units of [0, 1.5, Number.NaN]) {
      expect(() => new SumFusion({ units })).toThrow(`SumFusion.units: got ${units};`);
    }
  });
});
