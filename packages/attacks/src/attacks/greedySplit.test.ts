import { describeInvariants } from '@amr/testing/attacks/invariants';
import { dual, linearSetting } from '@amr/testing/attacks/linearSetting';
import { lengthOf, predictionsOf, rowsOf, values } from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  type Budget,
  type Classifier,
  fgsm,
  type GreedySplitResult,
  greedySplit,
  jointBall,
  type Modalities,
  type NormName,
  pgd,
  type ThreatModel,
} from '../index.js';

describeInvariants(
  'greedySplit',
  (threat) => greedySplit(threat, { parts: 2, attack: (own) => pgd(own, { steps: 2, randomStart: true }) }),
  // A choice between modalities that are worth the same to the last digit may fall to either.
  { other: { norm: 'l2', epsilon: 0.2 }, numRuns: 8 },
);

const rounded = (x: tf.Tensor) => values(x).map((value) => Number(value.toFixed(5)));
const sharesOf = ({ shares, spent }: GreedySplitResult) => ({
  a: rounded(shares.a!),
  b: rounded(shares.b!),
  spent: rounded(spent),
});
const byFgsm = { attack: (threat: ThreatModel) => fgsm(threat) };
/** Says 0 until what the two inputs are worth is above a third one, the bar. */
const classifierOf =
  (worth: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Classifier =>
  ({ a, b, bar }: Modalities) =>
    tf.tidy(() => tf.stack([bar!, worth(a!, b!)], 1) as tf.Tensor2D);
const unit: { a: Budget; b: Budget } = { a: { norm: 'linf', epsilon: 1 }, b: { norm: 'linf', epsilon: 1 } };
const start = (...bars: number[]) => ({
  a: tf.zeros([bars.length]),
  b: tf.zeros([bars.length]),
  bar: tf.tensor1d(bars),
});
const zeros = (rows = 1) => tf.zeros([rows], 'int32') as tf.Tensor1D;

describe('greedySplit', () => {
  it.each<[NormName, NormName]>([
    ['linf', 'l2'],
    ['l2', 'l1'],
    ['l1', 'linf'],
  ])('gives a linear model all in the modality that is worth more, and no part too many: %s and %s', (a, b) =>
    fc.assert(
      fc.asyncProperty(fc.nat(10_000), async (seed) => {
        const { classifier, inputs, margins, slope } = linearSetting(seed);
        const labels = predictionsOf(classifier, inputs);
        // The labels are the predictions, so every margin is below 0.
        const gaps = margins(inputs).map(Math.abs);
        const epsilons = { a: 0.5, b: 0.9 };
        const attack = greedySplit(
          { a: { norm: a, epsilon: epsilons.a }, b: { norm: b, epsilon: epsilons.b } },
          { ...byFgsm, parts: 8 },
        );
        const found = await attack.search(classifier, inputs, labels);
        for (const [row, gap] of gaps.entries()) {
          const worth = {
            a: epsilons.a * lengthOf(dual[a], slope('a', row)),
            b: epsilons.b * lengthOf(dual[b], slope('b', row)),
          };
          const best = worth.a > worth.b ? 'a' : 'b';
          const needed = (8 * gap) / worth[best];
          // Where the last part just suffices, or just doesn't, rounding decides.
          if (Math.abs(needed - Math.round(needed)) < 1e-3) continue;
          const parts = Math.min(8, Math.ceil(needed));
          expect(found.fooled[row]).toBe(needed <= 8);
          expect(values(found.shares[best]!)[row]).toBeCloseTo(parts / 8, 6);
          expect(values(found.spent)[row]).toBeCloseTo(parts / 8, 6);
          for (const [name, norm] of [
            ['a', a],
            ['b', b],
          ] as const) {
            const change = rowsOf(found.adversarial[name]!)[row]!.map(
              (value, i) => value - rowsOf(inputs[name]!)[row]![i]!,
            );
            const reach = epsilons[name] * values(found.shares[name]!)[row]!;
            expect(lengthOf(norm, change)).toBeLessThanOrEqual(reach * (1 + 1e-5) + 3e-6);
          }
        }
      }),
      { numRuns: 4 },
    ),
  );

  it('continues with the other modality where one has reached the end of its range', async () => {
    // a is worth twice as much, but its range ends after two parts.
    const classifier = classifierOf((a, b) => tf.add(tf.mul(a, 2), b));
    const inputs = start(0.3, 0.65, 5, -1);
    const labels = zeros(4);
    const attack = greedySplit({ a: { ...unit.a, range: [0, 0.2] }, b: unit.b }, byFgsm);
    const before = tf.memory().numTensors;
    const found = await attack.search(classifier, inputs, labels);
    expect(found.fooled).toEqual([true, true, false, true]);
    expect(sharesOf(found)).toEqual({
      a: [0.2, 0.2, 0.2, 0],
      b: [0, 0.3, 0.8, 0],
      spent: [0.2, 0.5, 1, 0],
    });
    expect(rounded(found.adversarial.b!)).toEqual([0, 0.3, 0.8, 0]);
    tf.dispose([found.adversarial, found.shares, found.spent]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes back what turns out not to be needed', async () => {
    // The first part of a is the best there is at first; later b alone is enough.
    const classifier: Classifier = ({ a, b }) =>
      tf.tidy(() => {
        const one = tf.sub(tf.mul(tf.minimum(a!, 0.1), 2), 0.5);
        const two = tf.sub(tf.mul(b!, 3), 1);
        return tf.stack([tf.zerosLike(a!), one, two], 1) as tf.Tensor2D;
      });
    const run = async (trim: boolean) =>
      sharesOf(await greedySplit(unit, { ...byFgsm, trim }).search(classifier, start(0), zeros()));
    // Until b has three parts, neither helps: they take them by turns.
    expect(await run(false)).toEqual({ a: [0.2], b: [0.4], spent: [0.6] });
    expect(await run(true)).toEqual({ a: [0], b: [0.4], spent: [0.4] });
  });

  it('gives no modality more than its epsilon', async () => {
    const classifier = classifierOf((a, b) => tf.add(tf.mul(a, 3), b));
    const found = await greedySplit(unit, { ...byFgsm, total: 1.5, parts: 6 }).search(
      classifier,
      start(9),
      zeros(),
    );
    expect(sharesOf(found)).toEqual({ a: [1], b: [0.5], spent: [1.5] });
    const all = await greedySplit(unit, { ...byFgsm, total: 2, parts: 7 }).search(
      classifier,
      start(9),
      zeros(),
    );
    // A part is 2/7, of which three are less than 1 and four are more.
    expect(sharesOf(all)).toEqual({ a: [0.85714], b: [0.85714], spent: [1.71429] });
  });

  it('lets the first round attack one modality with the others unchanged', async () => {
    const attacked: string[] = [];
    const attack = (threat: ThreatModel): Attack => {
      const inner = fgsm(threat);
      return {
        ...inner,
        perturb: (model, x, y, options) => {
          attacked.push(`${Object.keys(threat)} ${y.shape[0]}`);
          return inner.perturb(model, x, y, options);
        },
      };
    };
    await greedySplit(unit, { attack, parts: 4, trim: false }).perturb(
      classifierOf(tf.add),
      start(0.2, 0.6, -1),
      zeros(3),
    );
    expect(attacked).toEqual(['a 2', 'b 2', 'a,b 1', 'a,b 1', 'a,b 1', 'a,b 1']);
  });

  it('tells its caller after each round where it stands', async () => {
    const classifier = classifierOf((a, b) => tf.add(a, tf.mul(b, 2)));
    const seen: unknown[] = [];
    await greedySplit(unit, { ...byFgsm, parts: 4 }).perturb(classifier, start(0.9), zeros(), {
      onStep: ({ step, steps, loss, adversarial }) =>
        seen.push([step, steps, rounded(loss), rounded(adversarial.b!)]),
    });
    expect(seen).toEqual([
      [1, 4, [-0.4], [0.25]],
      [2, 4, [0.1], [0.5]],
    ]);
  });

  it('leaves nothing behind when it fails or is stopped', async () => {
    const classifier = classifierOf(tf.add);
    const [inputs, labels] = [start(0.7, 0.7), zeros(2)];
    for (const failing of [1, 2, 3]) {
      let calls = 0;
      const attack = (threat: ThreatModel): Attack => {
        const inner = fgsm(threat);
        return {
          ...inner,
          perturb: (...given) => {
            if (++calls === failing) throw new Error('in the attack');
            return inner.perturb(...given);
          },
        };
      };
      await expectCleanFailure(
        () => greedySplit(unit, { attack }).search(classifier, inputs, labels),
        /in the attack/,
      );
    }
    const stop = new AbortController();
    await expectCleanFailure(
      () =>
        greedySplit(unit, byFgsm).perturb(classifier, inputs, labels, {
          signal: stop.signal,
          onStep: () => stop.abort(new Error('stopped')),
        }),
      /stopped/,
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'a joint ball',
      () => greedySplit(jointBall('l2', 1, { a: {}, b: {} })),
      /threatModel: got a joint ball/,
    ],
    [
      'one modality',
      () => greedySplit({ a: unit.a }),
      /threatModel: got an object with \['a'\]; expected budgets for two modalities or more/,
    ],
    ['a total of nothing', () => greedySplit(unit, { total: 0 }), /greedySplit\.total: got 0; .* up to 2/],
    ['a total of more than all', () => greedySplit(unit, { total: 2.5 }), /greedySplit\.total: got 2.5/],
    [
      'a part larger than a modality',
      () => greedySplit(unit, { total: 2, parts: 1 }),
      /greedySplit\.parts: got 1; .* for a total of 2/,
    ],
    ['broken parts', () => greedySplit(unit, { parts: 1.5 }), /parts: got 1.5/],
    [
      'options that the attack refuses',
      () => greedySplit(unit, { attack: (threat) => pgd(threat, { steps: 0 }) }),
      /steps: got 0/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
