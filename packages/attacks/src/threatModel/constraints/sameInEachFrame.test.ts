import { describeConstraint } from '@amr/testing/attacks/constraints';
import { denseClassifier, uniform, values } from '@amr/testing/attacks/models';
import { sparsePeople } from '@amr/testing/attacks/skeletons';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../../attacks/pgd.js';
import { onlyFrames } from '../masks/onlyFrames.js';
import { onlyPresent } from '../masks/onlyPresent.js';
import { sameInEachFrame } from './sameInEachFrame.js';

const clip = (seed: number) => uniform([2, 4, 3, 3, 2], seed);

describe('sameInEachFrame', () => {
  describeConstraint(sameInEachFrame(), clip);
  describe('with a mask, on skeletons', () => {
    const rule = sameInEachFrame({ axis: -3, mask: onlyPresent() });
    describeConstraint(rule, (seed) => sparsePeople(2, 2, 3, seed));
  });

  it('takes the mean over the frames', () => {
    const clean = tf.tensor([1, 2, 3], [1, 3, 1]);
    const moved = sameInEachFrame().apply(tf.tensor([1.5, 2, 2.8], [1, 3, 1]), clean);
    for (const [i, value] of [1.1, 2.1, 3.1].entries()) expect(values(moved)[i]).toBeCloseTo(value, 6);
  });

  it('takes the mean over the free frames and leaves masked frames as they are', () => {
    const clean = tf.tensor([1, 2, 3], [1, 3, 1]);
    const rule = sameInEachFrame({ mask: onlyFrames([0, 2]) });
    const moved = rule.apply(tf.tensor([1.5, 9, 2.7], [1, 3, 1]), clean);
    for (const [i, value] of [1.1, 2, 3.1].entries()) expect(values(moved)[i]).toBeCloseTo(value, 6);
    expect(values(rule.holds!(moved, clean))).toEqual([1]);
    expect(values(sameInEachFrame().holds!(moved, clean))).toEqual([0]);
    const nowhere = sameInEachFrame({ mask: (x) => tf.zerosLike(x), range: [0, 4] });
    expect(values(nowhere.apply(tf.add(clean, 0.5), clean))).toEqual([1, 2, 3]);
  });

  it('adds no more than the range allows in every free frame', () => {
    const clean = tf.tensor([0.1, 0.9, 0.5], [1, 3, 1]);
    const range = [0, 1] as const;
    const up = (rule = sameInEachFrame({ range })) => values(rule.apply(tf.add(clean, 0.3), clean));
    for (const [i, value] of [0.2, 1, 0.6].entries()) expect(up()[i]).toBeCloseTo(value, 6);
    const masked = up(sameInEachFrame({ range, mask: onlyFrames([0, 2]) }));
    for (const [i, value] of [0.4, 0.9, 0.8].entries()) expect(masked[i]).toBeCloseTo(value, 6);
    const down = values(sameInEachFrame({ range }).apply(tf.sub(clean, 0.3), clean));
    for (const [i, value] of [0, 0.8, 0.4].entries()) expect(down[i]).toBeCloseTo(value, 6);
  });

  it('holds in the result of PGD, with pixels at the ends of the range and masked frames', async () => {
    const inside = clip(3);
    const rgb = tf.clipByValue(tf.sub(tf.mul(inside, 1.4), 0.2), 0, 1); // one pixel in seven at either end
    const classifier = denseClassifier({ rgb }, 3, 4, 20);
    const labels = tf.argMax(classifier({ rgb }), 1) as tf.Tensor1D;
    const mask = onlyFrames({ from: 1 });
    const range: [number, number] = [0, 1];
    const rule = sameInEachFrame({ mask, range });
    const budget = { norm: 'linf' as const, epsilon: 0.1, range, mask, constraints: [rule] };
    const result = await pgd({ rgb: budget }, { steps: 5 }).perturb(classifier, { rgb }, labels);
    const change = tf.sub(result.rgb!, rgb);
    const [still, first, second] = [0, 1, 2].map((frame) => tf.slice(change, [0, frame], [2, 1]));
    expect(values(tf.max(tf.abs(still!)))).toEqual([0]);
    expect(values(tf.max(tf.abs(tf.sub(first!, second!))))[0]).toBeLessThan(2 ** -19);
    for (const row of [0, 1])
      expect(values(tf.mean(tf.abs(tf.slice(first!, row, 1))))[0]).toBeGreaterThan(0.02);
  });

  it('refuses a range, an axis, a mask and options that are not valid', () => {
    const clean = clip(5);
    expect(() => sameInEachFrame({ range: [1, 0] })).toThrow(/^sameInEachFrame\.range: got \[1, 0\]/);
    expect(() => sameInEachFrame({ axis: 0 }).apply(clean, clean)).toThrow(/^sameInEachFrame\.axis: got 0/);
    expect(() => sameInEachFrame({ clip: [0, 1] } as never)).toThrow(
      /^sameInEachFrame\.clip: .*; expected range\. Rename it\.$/,
    );
    const wrong = sameInEachFrame({ mask: () => tf.ones([7]) });
    expect(() => wrong.apply(clean, clean)).toThrow(/^sameInEachFrame\.mask: got a tensor of shape \[7\]/);
  });
});
