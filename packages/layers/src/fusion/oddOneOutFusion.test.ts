import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oddOneOutLoss } from '../losses/oddOneOutLoss.js';
import { OddOneOutFusion } from './oddOneOutFusion.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('OddOneOutFusion', () => {
  it('computes the formula', () => {
    const layer = new OddOneOutFusion({ units: 2, hidden: 1, returnWeights: true });
    const rgb = tf.tensor3d([[[1, 2], [3, 6]]]); // biome-ignore format: a matrix
    const skeleton = tf.tensor2d([[5]]); // z = [2, 4, 5]
    layer.apply([rgb, skeleton]);
    layer.setWeights([
      tf.tensor2d([[1], [1], [-1]]),
      tf.tensor1d([0.5]), // the hidden one is 1.5
      tf.tensor2d([[2, 0, -2]]),
      tf.tensor1d([0, 1, 0]), // logits [3, 1, -3]
      tf.tensor2d([[1, -1]]), // without RGB, from [5]
      tf.tensor1d([0, 6]),
      tf.tensor2d([
        [1, 0],
        [0, 1],
      ]), // without the skeleton, from [2, 4] // biome-ignore format: a matrix
      tf.tensor1d([0, 0]),
      tf.tensor2d([
        [1, 0],
        [0, 0],
        [0, 1],
      ]), // of all, from [2, 4, 5] // biome-ignore format: a matrix
      tf.tensor1d([1, -8]), // [3, relu(-3)]
    ]);
    const [fused, logits] = [layer.apply([rgb, skeleton])].flat();
    expect([...logits!.dataSync()]).toEqual([3, 1, -3]);
    const sum = Math.exp(3) + Math.exp(1) + Math.exp(-3);
    const shares = [3, 1, -3].map((logit) => Math.exp(logit) / sum) as [number, number, number];
    const experts = [[5, 1], [2, 4], [3, 0]] as const; // biome-ignore format: a matrix
    const expected = [0, 1].map((unit) =>
      experts.reduce((total, expert, i) => total + shares[i]! * expert[unit]!, 0),
    );
    expect([...fused!.dataSync()]).toEqual(expected.map((value) => expect.closeTo(value, 5)));
  });

  it('ignores the modality that is the odd one with probability 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 1e6 }),
        (modalities, place, seed) => {
          tf.tidy(() => {
            const odd = place % modalities;
            const features = Array.from({ length: modalities }, (_, m) => random([2, 3, m + 2], seed + m));
            const layer = new OddOneOutFusion({ units: 5, hidden: 4, seed });
            const before = layer.apply(features);
            const sure = layer.getWeights().map((w, i) => {
              if (i === 2) return tf.zerosLike(w);
              return i === 3 ? tf.mul(tf.oneHot(odd, modalities + 1), 200) : w;
            });
            const attack = (m: number) => features.map((x, i) => (i === m ? tf.add(x, 3) : x));
            expect(layer.apply(attack(odd)).dataSync()).not.toEqual(before.dataSync());
            layer.setWeights(sure);
            const fused = layer.apply(features).dataSync();
            expect(layer.apply(attack(odd)).dataSync()).toEqual(fused);
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  it('learns which of three modalities contradicts the others', () => {
    const layer = new OddOneOutFusion({ units: 2, hidden: 24, returnWeights: true, seed: 1 });
    /** Three views of one sign, as in the method's training: clean, then with one view negated at a time. */
    const views = (seed: number) => {
      const sign = tf.sign(random([16, 1], seed));
      const clean = [0, 1, 2].map((m) => tf.add(sign, tf.mul(random([16, 1], seed + 1 + m), 0.2)));
      const copies = [0, 1, 2, 3].map((odd) => clean.map((x, m) => (m === odd ? tf.neg(x) : x)));
      return {
        features: [0, 1, 2].map((m) => tf.concat(copies.map((copy) => copy[m]!))),
        attacked: tf.cast(tf.reshape(tf.tile(tf.tensor2d([[0], [1], [2], [3]]), [1, 16]), [-1]), 'int32'),
      };
    };
    const { features, attacked } = views(1);
    const logitsOf = (given: tf.Tensor[]) => [layer.apply(given)].flat()[1] as tf.Tensor2D;
    logitsOf(features);
    const loss = () => oddOneOutLoss(logitsOf(features), attacked as tf.Tensor1D);
    expect(loss().dataSync()[0]).toBeGreaterThan(1);
    const optimizer = tf.train.adam(0.05);
    for (let i = 0; i < 60; i++) optimizer.minimize(loss);
    const unseen = views(100);
    const found = tf.equal(tf.argMax(logitsOf(unseen.features), 1), unseen.attacked);
    expect(tf.mean(tf.cast(found, 'float32')).dataSync()[0]).toBeGreaterThan(0.9);
  });

  it('counts the products of both networks and of the mixture', () => {
    const layer = new OddOneOutFusion({ units: 10, hidden: 7 });
    // 28 channels, 3 choices; experts of 12, 16 and 28 channels
    const expected = 28 * 7 + 7 * 3 + (12 + 16 + 28) * 10 + 3 * 10;
    expect(layer.multiplyAdds([[null, 4, 16], [null, 12]])).toBe(expected); // biome-ignore format: two shapes
  });

  it('refuses widths that are not whole numbers', () => {
    expect(() => new OddOneOutFusion({ units: 0 })).toThrow(/^OddOneOutFusion\.units: got 0;/);
    expect(() => new OddOneOutFusion({ hidden: 2.5 })).toThrow(/hidden: got 2\.5;/);
  });
});
