import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { LateFusion } from './lateFusion.js';

const votes = [tf.tensor2d([[4, 0, -2]]), tf.tensor2d([[0, 8, 2]]), tf.tensor2d([[2, 4, 3]])];

describe('LateFusion', () => {
  it('averages the logits', () => {
    expect(new LateFusion().apply(votes).arraySync()).toEqual([
      [2, 4, 1].map((value) => expect.closeTo(value, 5)),
    ]);
  });

  it('divides the weights by their sum', () => {
    const fused = (modalityWeights: number[]) => new LateFusion({ modalityWeights }).apply(votes).dataSync();
    expect([...fused([2, 1, 1])]).toEqual([2.5, 3, 0.25]);
    expect(fused([4, 2, 2])).toEqual(fused([2, 1, 1]));
    expect(fused([0, 5, 0])).toEqual(votes[1]!.dataSync());
  });

  it('keeps its weights when the array that it was given changes', () => {
    const modalityWeights = [1, 0];
    const layer = new LateFusion({ modalityWeights });
    modalityWeights[1] = 7;
    expect(layer.apply(votes.slice(0, 2)).dataSync()).toEqual(votes[0]!.dataSync());
  });

  it('has no weights and no products', () => {
    const layer = new LateFusion({ modalityWeights: [1, 2, 3] });
    layer.apply(votes);
    expect(layer.getWeights()).toEqual([]);
    expect(layer.multiplyAdds()).toBe(0);
  });

  it('refuses logits of different classes, and weights that have no positive sum', () => {
    const ones = (...shapes: number[][]) => shapes.map((shape) => tf.ones(shape));
    expect(() => new LateFusion().apply(ones([2, 3], [2, 4]))).toThrow(/\[2, 3\] and \[2, 4\].*same classes/);
    expect(() => new LateFusion().apply(ones([2, 5, 3], [2, 5, 3]))).toThrow(/logits \[batch, classes\]/);
    for (const modalityWeights of [
      [0, 0],
      [1, -1],
      [2, -1],
      [1, Number.NaN],
      [Number.POSITIVE_INFINITY, 1],
      [],
    ]) {
      expect(() => new LateFusion({ modalityWeights })).toThrow(
        /^LateFusion\.modalityWeights: got \[.*one above 0/,
      );
    }
    expect(() => new LateFusion({ modalityWeights: [1, 2] }).apply(votes)).toThrow(
      /modalityWeights: got 2 weights; expected 3, one for each modality/,
    );
  });
});
