import { describeInvariants, jointBudgetOf } from '@amr/testing/attacks/invariants';
import { dual, linearSetting } from '@amr/testing/attacks/linearSetting';
import { lengthOf, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alternating, type Budget, type Classifier, jointBall, pgd, type ThreatModel } from '../index.js';

describeInvariants('alternating', (threat) => alternating(threat, { steps: 5, randomStart: true }), {
  other: { norm: 'l2', epsilon: 0.2 },
  numRuns: 10,
});
describeInvariants(
  'alternating in a joint ball',
  ({ a }) =>
    alternating(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), {
      steps: 4,
      restarts: 2,
    }),
  { joint: { a: 1 / 3, b: 2 }, numRuns: 10 },
);

describe('alternating', () => {
  const budgets: ThreatModel = {
    a: { norm: 'linf', epsilon: 0.3 },
    b: { norm: 'l2', epsilon: 0.7 },
  };

  it.each([
    ['linf', 'l2'],
    ['l2', 'l1'],
    ['l1', 'linf'],
  ] as const)('reaches the worst case of linear models in two balls: %s and %s', (a, b) =>
    fc.assert(
      fc.asyncProperty(fc.nat(10_000), async (seed) => {
        const { classifier, inputs, labels, margins, slope } = linearSetting(seed);
        const attack = alternating({ a: { norm: a, epsilon: 0.3 }, b: { norm: b, epsilon: 0.7 } });
        const before = margins(inputs);
        const after = margins(await attack.perturb(classifier, inputs, labels));
        for (const [row, margin] of after.entries()) {
          const best = 0.3 * lengthOf(dual[a], slope('a', row)) + 0.7 * lengthOf(dual[b], slope('b', row));
          expect(margin - before[row]!).toBeCloseTo(best, 4);
        }
      }),
      { numRuns: 5 },
    ),
  );

  it('splits a joint ball by what each modality is worth', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(10_000), async (seed) => {
        const { classifier, inputs, labels, margins, slope } = linearSetting(seed);
        const attack = alternating(jointBall('l2', 0.6, { a: {}, b: { scale: 1 / 2 } }), { steps: 200 });
        const before = margins(inputs);
        const after = margins(await attack.perturb(classifier, inputs, labels));
        for (const [row, margin] of after.entries()) {
          const best = 0.6 * lengthOf('l2', [...slope('a', row), ...slope('b', row).map((w) => w / 2)]);
          // Steps of 0.025 radii that are taken by turns end that near to the best split.
          expect(margin - before[row]!).toBeGreaterThan(0.99 * best);
          expect(margin - before[row]!).toBeLessThan(1.00001 * best);
        }
      }),
      { numRuns: 5 },
    ));

  it('moves one modality a step, in the given order', async () => {
    const { classifier, inputs, labels } = linearSetting(3);
    const moved = async (options: Parameters<typeof alternating>[1]) => {
      const names: string[] = [];
      let previous = { a: values(inputs.a!), b: values(inputs.b!) };
      await alternating(budgets, options).perturb(classifier, inputs, labels, {
        onStep: ({ adversarial }) => {
          const now = { a: values(adversarial.a!), b: values(adversarial.b!) };
          const changed = (['a', 'b'] as const).filter((name) => `${now[name]}` !== `${previous[name]}`);
          names.push(changed.join('+'));
          previous = now;
        },
      });
      return names;
    };
    // Each has five of the ten steps, of half the radius, so it gets to the end in two and stays there.
    const [first, second, third, fourth] = await moved({ steps: 10 });
    expect([first, second, third, fourth]).toEqual(['a', 'b', 'a', 'b']);
    expect((await moved({ steps: 10, order: ['b', 'a'] })).slice(0, 3)).toEqual(['b', 'a', 'b']);
  });

  it('divides the default step size by the steps of a modality, and keeps an explicit one', async () => {
    const classifier: Classifier = ({ a, b }) =>
      tf.tidy(() => tf.stack([tf.neg(tf.add(a!, b!)), tf.zerosLike(a!)], 1)) as tf.Tensor2D;
    const steps: number[][] = [];
    await alternating(
      { a: { norm: 'linf', epsilon: 10 }, b: { norm: 'linf', epsilon: 10, stepSize: 0.5 } },
      { steps: 20 },
    ).perturb(classifier, { a: tf.tensor1d([0]), b: tf.tensor1d([0]) }, tf.tensor1d([0], 'int32'), {
      onStep: ({ adversarial }) => steps.push([values(adversarial.a!)[0]!, values(adversarial.b!)[0]!]),
    });
    expect(steps[1]).toEqual([2.5, 0.5]);
    expect(steps[3]).toEqual([5, 1]);
  });

  it('goes backwards through the moving branch only', async () => {
    const passes = { a: 0, b: 0 };
    const watched = (name: 'a' | 'b', x: tf.Tensor) =>
      tf.customGrad((x, save) => {
        (save as tf.GradSaveFunc)([]);
        return {
          value: tf.clone(x as tf.Tensor),
          gradFunc: (dy: tf.Tensor) => {
            passes[name]++;
            return dy;
          },
        };
      })(x);
    const classifier: Classifier = ({ a, b }) => {
      const sum = tf.add(watched('a', a!), watched('b', b!));
      return tf.stack([tf.neg(sum), sum], 1) as tf.Tensor2D;
    };
    const inputs = { a: tf.tensor1d([0]), b: tf.tensor1d([0]) };
    await alternating(budgets, { steps: 6, order: ['b', 'a'] }).perturb(
      classifier,
      inputs,
      tf.tensor1d([0], 'int32'),
    );
    expect(passes).toEqual({ a: 3, b: 3 });
  });

  it('leaves what does not move alone, also under constraints that move it further each time', async () => {
    const { classifier, inputs, labels } = linearSetting(5);
    const halved: Budget = {
      norm: 'linf',
      epsilon: 0.4,
      constraints: [
        { name: 'half', apply: (moved, clean) => tf.add(clean, tf.div(tf.sub(moved, clean), 2)) },
      ],
    };
    const attack = alternating({ a: halved, b: { norm: 'linf', epsilon: 0.1 } }, { steps: 2 });
    const { a } = await attack.perturb(classifier, inputs, labels);
    // One step of 2.5 radii, halved once, then the ball; the second step is b's.
    const change = values(tf.tidy(() => tf.abs(tf.sub(a!, inputs.a!))));
    for (const size of change) expect(size).toBeCloseTo(0.4, 5);
    const small = alternating(
      { a: { ...halved, stepSize: 0.2 }, b: { norm: 'linf', epsilon: 0.1 } },
      { steps: 2 },
    );
    const once = await small.perturb(classifier, inputs, labels);
    for (const size of values(tf.tidy(() => tf.abs(tf.sub(once.a!, inputs.a!))))) {
      expect(size).toBeCloseTo(0.1, 5);
    }
  });

  it('is pgd for one modality', async () => {
    const { classifier, inputs, labels } = linearSetting(7);
    const threat: ThreatModel = { a: { norm: 'l2', epsilon: 0.5 } };
    const [one, other] = await Promise.all(
      [alternating(threat, { steps: 3 }), pgd(threat, { steps: 3 })].map((attack) =>
        attack.perturb(classifier, inputs, labels),
      ),
    );
    expect(values(one!.a!)).toEqual(values(other!.a!));
  });

  it('names a gradient that is not finite, and a modality without one', async () => {
    const labels = tf.tensor1d([0], 'int32');
    const inputs = { a: tf.tensor1d([0]), b: tf.tensor1d([1]) };
    const classifier =
      (of: (a: tf.Tensor) => tf.Tensor): Classifier =>
      ({ a, b }) =>
        tf.stack([tf.add(of(a!), b!), tf.zerosLike(b!)], 1) as tf.Tensor2D;
    const before = tf.memory().numTensors;
    const run = (of: (a: tf.Tensor) => tf.Tensor) =>
      alternating(budgets, { steps: 4 }).perturb(classifier(of), inputs, labels);
    await expect(run((a) => tf.sqrt(a))).rejects.toThrow(
      /gradient of 'a': got NaN or infinite entries in sample 0 of the batch, first in step 1/,
    );
    await expect(run(() => tf.tensor1d([1]))).rejects.toThrow(/loss: got no gradient for 'a'/);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'an order with an unknown modality',
      () => alternating(budgets, { order: ['a', 'c'] }),
      /alternating\.order: got \['a', 'c'\]; .*'a', 'b'/,
    ],
    ['an order with a modality too few', () => alternating(budgets, { order: ['a'] }), /order: got \['a'\]/],
    ['an order with one twice', () => alternating(budgets, { order: ['a', 'a'] }), /order: got /],
    [
      'fewer steps than modalities',
      () => alternating(budgets, { steps: 1 }),
      /alternating\.steps: got 1; .*2 modalities/,
    ],
    ['broken steps', () => alternating(budgets, { steps: 2.5 }), /steps: got 2.5/],
    [
      'restarts at the same point',
      () => alternating(budgets, { restarts: 2, randomStart: false }),
      /restarts: got 2/,
    ],
    [
      'an empty threat model',
      () => alternating({}),
      /threatModel: got an object with \[\]; expected a budget for one modality or more/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
