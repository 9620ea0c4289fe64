import { denseClassifier, normal, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  AttackInputError,
  apgd,
  autoAttack,
  type Budget,
  deepfool,
  fgsm,
  pgd,
  sameInEachFrame,
  ThreatModelError,
} from '../index.js';
import { disposeDerived, takeThreatModelRows } from './ballSpecs.js';

const budget: Budget = { norm: 'linf', epsilon: 0.1 };
const inputs = { rgb: uniform([2, 4, 3], 1) };
const labels = tf.tensor1d([0, 1], 'int32');
const classifier = denseClassifier(inputs, 3, 2);

describe('a budget from JavaScript', () => {
  it.each<[string, object, RegExp]>([
    ['range: null', { range: null }, /\.rgb\.range: got null; expected \[smallest, largest\]/],
    ['a range of one', { range: [0] }, /\.rgb\.range: got \[0\]; expected \[smallest, largest\]/],
    ['a number as a range', { range: 1 }, /\.rgb\.range: got 1; expected \[smallest, largest\]/],
    ['a falling range', { range: [1, 0] }, /\.rgb\.range: got \[1, 0\]; .*smallest below largest/],
    ['a range of NaN', { range: [Number.NaN, 1] }, /\.rgb\.range: got \[NaN, 1\]/],
    ['a range of strings', { range: ['0', '1'] }, /\.rgb\.range\[0\]: got '0'; expected a number/],
    [
      'NaN in an array',
      { range: [[0, Number.NaN], 1] },
      /\.rgb\.range\[0\]\[1\]: got NaN; expected a number/,
    ],
    ['a hole in an array', { range: [0, [1, null]] }, /\.rgb\.range\[1\]\[1\]: got null/],
    ['an empty array', { range: [[], 1] }, /\.rgb\.range\[0\]: got \[\]; expected one entry or more/],
    ['a ragged array', { range: [0, [[1], [1, 1]]] }, /\.rgb\.range\[1\]: .* different lengths/],
    [
      'a bool range',
      { range: [0, tf.tensor1d([1], 'bool')] },
      /\.rgb\.range\[1\]: .* type bool; expected float32/,
    ],
    ['scale: null', { scale: null }, /\.rgb\.scale: got null; expected a finite number above 0/],
    ['scale 0', { scale: 0 }, /\.rgb\.scale: got 0; expected a finite number above 0/],
    [
      'a negative scale',
      { scale: [1, -1, 1] },
      /\.rgb\.scale\[1\]: got -1; expected a finite number above 0/,
    ],
    ['an infinite scale', { scale: Infinity }, /\.rgb\.scale: got Infinity/],
    ['a string as scale', { scale: '2' }, /\.rgb\.scale: got '2'/],
    ['a tensor of strings', { scale: tf.tensor1d(['a']) }, /\.rgb\.scale: .* type string/],
    ['mask: null', { mask: null }, /\.rgb\.mask: got null; expected a tensor of 1 and 0/],
    ['an array as mask', { mask: [1, 0, 1] }, /\.rgb\.mask: got \[1, 0, 1\]; expected a tensor/],
    ['constraints: null', { constraints: null }, /\.rgb\.constraints: got null; expected an array/],
    ['a string as step size', { stepSize: '0.1' }, /\.rgb\.stepSize: got '0.1'; expected a finite number/],
    ['epsilon: null', { epsilon: null }, /\.rgb\.epsilon: got null; expected a number or a tensor/],
    ['a string as epsilon', { epsilon: '0.1' }, /\.rgb\.epsilon: got '0.1'; expected a number or a tensor/],
    ['a bool epsilon', { epsilon: tf.tensor1d([1, 0], 'bool') }, /\.rgb\.epsilon: .* type bool/],
    ['no norm', { norm: null }, /\.rgb\.norm: got null; expected one of linf, l2, l1/],
    ['the old weight', { weight: 2 }, /\.rgb\.weight: got an unknown option/],
  ])('is refused when the attack is made: %s', (_, part, message) => {
    const make = () => pgd({ rgb: { ...budget, ...part } });
    expect(make).toThrow(ThreatModelError);
    expect(make).toThrow(message);
  });

  it.each<[string, Partial<Budget>, RegExp]>([
    [
      'an array that does not broadcast',
      { range: [0, [1, 1]] },
      /^threatModel\.rgb\.range\[1\]: got an array of shape \[2\]; .* \[2, 4, 3\]/,
    ],
    [
      'a tensor that does not broadcast',
      { scale: tf.ones([4, 1, 1, 1]) },
      /^threatModel\.rgb\.scale: got a tensor of shape \[4, 1, 1, 1\]; .* \[2, 4, 3\]/,
    ],
    [
      'a tensor with a scale of 0',
      { scale: tf.tensor1d([1, 0, 1]) },
      /^threatModel\.rgb\.scale: got a tensor with values that are 0/,
    ],
    [
      'a tensor with a scale of NaN',
      { scale: tf.tensor1d([1, Number.NaN, 1]) },
      /^threatModel\.rgb\.scale: .*NaN/,
    ],
    [
      'a range that falls somewhere',
      { range: [tf.tensor1d([0, 0, 2]), [1, 1, 1]] },
      /^threatModel\.rgb\.range: .* not below the largest/,
    ],
    [
      'a range that is NaN somewhere',
      { range: [0, tf.tensor1d([1, Number.NaN, 1])] },
      /^threatModel\.rgb\.range: .* NaN/,
    ],
  ])('is refused before the first step: %s', async (_, part, message) => {
    const tensors = tf.memory().numTensors;
    const run = pgd({ rgb: { ...budget, ...part } }).perturb(classifier, inputs, labels);
    await expect(run).rejects.toThrow(ThreatModelError);
    await expect(run).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('names the sample that is outside a range given by channel', async () => {
    const run = fgsm({ rgb: { ...budget, range: [0, [1, 0.01, 1]] } }).perturb(classifier, inputs, labels);
    await expect(run).rejects.toThrow(AttackInputError);
    await expect(run).rejects.toThrow(/^inputs\.rgb: got values outside the budget's range in sample 0/);
  });
});

describe('a range and a scale for each sample', () => {
  const x = uniform([3, 2, 2], 5);
  const perSample = tf.tidy(() => tf.mul(tf.reshape(tf.tensor1d([1, 2, 4]), [3, 1, 1]), tf.ones([3, 1, 2])));

  it('are cut to the rows of a part of the batch, tensors and arrays alike, and others kept', () => {
    const threat = {
      x: {
        ...budget,
        range: [[[[-1]], [[-2]], [[-3]]], tf.tensor1d([7, 8])] as const,
        scale: perSample,
        mask: tf.ones([2, 2]),
      },
    };
    const tensors = tf.memory().numTensors;
    const rows = tf.tensor1d([2, 0], 'int32');
    const part = takeThreatModelRows(threat, { x }, rows) as { x: Budget };
    expect(values(part.x.range![0] as tf.Tensor)).toEqual([-3, -1]);
    expect(part.x.range![1]).toBe(threat.x.range[1]);
    expect(values(part.x.scale as tf.Tensor)).toEqual([4, 4, 1, 1]);
    expect(part.x.mask).toBe(threat.x.mask);
    disposeDerived(part, threat);
    rows.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(threat.x.scale.isDisposed).toBe(false);
  });

  it.each([
    ['apgd with early stopping', (own: { x: Budget }) => apgd(own, { steps: 8 })],
    ['deepfool', (own: { x: Budget }) => deepfool(own)],
    [
      'autoAttack',
      (own: { x: Budget }) =>
        autoAttack(own, {
          attacks: { pgd: (part) => pgd(part, { steps: 2 }), apgd: (part) => apgd(part, { steps: 4 }) },
        }),
    ],
  ] as const)(
    'give each sample the result that it has alone, also when others are finished: %s',
    async (_, make) => {
      const network = denseClassifier({ x }, 4, 7, 3);
      const own = tf.tidy(() => tf.argMax(network({ x }), 1)) as tf.Tensor1D;
      const threat = (scale: Budget['scale'], low: tf.Tensor) => ({
        x: { norm: 'l2', epsilon: 0.2, scale, range: [low, [3, 4]] } as Budget,
      });
      const low = tf.tidy(() => tf.mul(perSample, -0.2));
      const tensors = tf.memory().numTensors;
      const batch = await make(threat(perSample, low)).perturb(network, { x }, own, { stopWhenFooled: true });
      expect(tf.memory().numTensors - tensors).toBe(1);
      for (let row = 0; row < 3; row++) {
        const pick = <T extends tf.Tensor>(all: T) => tf.slice(all, row, 1) as T;
        const alone = await make(threat(2 ** row, pick(low))).perturb(network, { x: pick(x) }, pick(own), {
          rows: [row],
          stopWhenFooled: true,
        });
        const expected = values(alone.x!);
        // The products of a batch may be summed in another order than those of a row.
        for (const [i, value] of values(pick(batch.x!)).entries()) expect(value).toBeCloseTo(expected[i]!, 4);
      }
    },
  );
});

it('sameInEachFrame takes the same ranges as a budget', async () => {
  const clip = { x: uniform([2, 3, 2, 2], 3) };
  const network = denseClassifier(clip, 3, 4);
  const range = [tf.tensor1d([0, -1]), [1, 1.5]] as const;
  const rule = sameInEachFrame({ range });
  const { x } = await pgd({ x: { ...budget, range, constraints: [rule] } }).perturb(network, clip, labels);
  expect(values(rule.holds!(x!, clip.x))).toEqual([1, 1]);
  const moved = values(tf.max(tf.abs(tf.sub(x!, clip.x))));
  expect(moved[0]).toBeGreaterThan(0.05);
  expect(() => sameInEachFrame({ range: [1, 0] })).toThrow(/^sameInEachFrame\.range: got \[1, 0\]/);
  expect(() => sameInEachFrame({ mask: null as never })).toThrow(/^sameInEachFrame\.mask: got null/);
  expect(() => sameInEachFrame({ range: [0, [1, 1, 1]] }).apply(clip.x, clip.x)).toThrow(/range\[1\].*\[3\]/);
});

it('the fingerprint of a threat model knows scales and ranges', async () => {
  const { fingerprintOfThreatModel } = await import('./fingerprint.js');
  const of = (part: Partial<Budget>) => fingerprintOfThreatModel({ x: { ...budget, ...part } });
  const all = await Promise.all([
    of({}),
    of({ scale: 2 }),
    of({ scale: [2, 3] }),
    of({ scale: tf.tensor1d([2, 3]) }),
    of({ scale: tf.tensor1d([2, 4]) }),
    of({ range: [0, 1] }),
    of({ range: [0, [1, 2]] }),
    of({ range: [0, normal([2], 1)] }),
    of({ range: [0, normal([2], 2)] }),
  ]);
  expect(new Set(all).size).toBe(all.length);
  expect(await of({ scale: tf.tensor1d([2, 3]) })).toBe(all[3]);
});
