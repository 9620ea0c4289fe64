import { describeInvariants } from '@amr/testing/attacks/invariants';
import { linearSetting } from '@amr/testing/attacks/linearSetting';
import { denseClassifier, normal, predictionsOf, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  attackConditions,
  type Budget,
  fgsm,
  jointBall,
  type Modalities,
  pgd,
  type ThreatModel,
  worstCase,
} from '../index.js';

describeInvariants(
  'worstCase',
  (threat) =>
    worstCase(attackConditions(threat as { [modality: string]: Budget }), {
      attack: (own) => pgd(own, { steps: 2, restarts: 2 }),
    }),
  { other: { norm: 'l2', epsilon: 0.2 }, numRuns: 10 },
);

/** The sum of both inputs against 1, class 0 when it is larger: what an attack has to do can be seen. */
const sums = ({ rgb, skeleton }: Modalities) =>
  tf.tidy(() => {
    const sum = tf.add(rgb!, skeleton!);
    return tf.stack([sum, tf.onesLike(sum)], 1) as tf.Tensor2D;
  });
const budgets = {
  rgb: { norm: 'linf', epsilon: 0.2 },
  skeleton: { norm: 'linf', epsilon: 0.5 },
} as const;
const conditions = attackConditions(budgets);
const zeros = (rows: number) => tf.zeros([rows], 'int32') as tf.Tensor1D;

describe('worstCase', () => {
  it('keeps the first success, or else the largest margin', async () => {
    const inputs = { rgb: tf.tensor1d([1, 1, 1, 1, 0]), skeleton: tf.tensor1d([0.1, 0.4, 0.6, 0.8, 0.5]) };
    const before = tf.memory().numTensors;
    const { condition, fooled, adversarial } = await worstCase(conditions).search(sums, inputs, zeros(5));
    expect(condition).toEqual(['rgb', 'skeleton', 'both', 'both', 'rgb']);
    expect(fooled).toEqual([true, true, true, false, true]);
    // Of one condition as a whole: where only the skeleton is attacked, the video is as it was.
    expect(values(adversarial.rgb!)[1]).toBe(1);
    expect(values(adversarial.skeleton!)[0]).toBeCloseTo(0.1, 6);
    expect(values(adversarial.rgb!)[3]).toBeCloseTo(0.8, 6);
    expect(values(adversarial.skeleton!)[3]).toBeCloseTo(0.3, 6);
    tf.dispose(adversarial);
    // The labels of this test are left.
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  it('attacks only what is left, with the draws and the vectors of the whole batch', async () => {
    const { classifier, inputs, labels } = linearSetting(4);
    const mask = tf.tidy(() => tf.cast(tf.greater(uniform([3, 2, 6], 9), 0.5), 'float32'));
    const models: { [name: string]: ThreatModel } = {
      first: { a: { norm: 'linf', epsilon: tf.tensor1d([3, 0, 0]) } },
      second: { a: { norm: 'l2', epsilon: tf.tensor1d([0.1, 0.2, 0.3]), mask } },
    };
    const sizes: number[] = [];
    const make = (threat: ThreatModel): Attack => {
      const inner = pgd(threat, { steps: 2, randomStart: true });
      return {
        ...inner,
        perturb: (model, x, y, options) => {
          sizes.push(y.shape[0]);
          return inner.perturb(model, x, y, options);
        },
      };
    };
    const rows = [17, 4, 8];
    const right = predictionsOf(classifier, inputs);
    const { adversarial, condition } = await worstCase(models, { attack: make }).search(
      classifier,
      inputs,
      right,
      { seed: 5, rows },
    );
    expect(condition[0]).toBe('first');
    expect(sizes).toEqual([3, 2]);
    const whole = await make(models.second!).perturb(classifier, inputs, right, { seed: 5, rows });
    expect(condition.slice(1)).toEqual(['second', 'second']);
    for (const row of [1, 2]) {
      for (const [i, value] of rowsOf(adversarial.a!)[row]!.entries()) {
        expect(value).toBeCloseTo(rowsOf(whole.a!)[row]![i]!, 6);
      }
    }
    tf.dispose([labels]);
  });

  it('is at least as strong as each of its conditions', async () => {
    const inputs = { a: uniform([12, 2, 3], 1), b: normal([12, 4], 2) };
    const classifier = denseClassifier(inputs, 4, 3, 6);
    const labels = predictionsOf(classifier, inputs);
    const models = attackConditions({
      a: { norm: 'linf', epsilon: 0.1, range: [0, 1] },
      b: { norm: 'l2', epsilon: 0.25 },
    });
    const make = (threat: ThreatModel) => pgd(threat, { steps: 4, restarts: 2 });
    const wrong = (x: Modalities) =>
      values(predictionsOf(classifier, x)).map((prediction, row) => prediction !== values(labels)[row]);
    const worst = wrong(
      await worstCase(models, { attack: make }).perturb(classifier, inputs, labels, { seed: 3 }),
    );
    const each = await Promise.all(
      Object.values(models).map(async (threat) =>
        wrong(await make(threat).perturb(classifier, inputs, labels, { seed: 3 })),
      ),
    );
    // Exactly the rows that one of them fools: this batch has some that only one condition does.
    expect(worst).toEqual(worst.map((_, row) => each.some((one) => one[row])));
    expect(new Set(each.map((one) => `${one}`)).size).toBeGreaterThan(1);
    expect(worst).toContain(false);
  });

  it('brings predictions to targets', async () => {
    const inputs = { rgb: tf.tensor1d([0.5, 0]), skeleton: tf.tensor1d([0.4, 0.1]) };
    const labels = tf.tensor1d([1, 1], 'int32');
    const { condition, fooled } = await worstCase(conditions).search(sums, inputs, labels, {
      targets: zeros(2),
    });
    expect(condition).toEqual(['rgb', 'both']);
    expect(fooled).toEqual([true, false]);
  });

  it('tells its caller after each condition where it stands', async () => {
    const inputs = { rgb: tf.tensor1d([1, 1]), skeleton: tf.tensor1d([0.4, 0.8]) };
    const seen: unknown[] = [];
    await worstCase(conditions).perturb(sums, inputs, zeros(2), {
      onStep: ({ step, steps, loss, adversarial }) =>
        seen.push([step, steps, values(loss).map((v) => Number(v.toFixed(4))), Object.keys(adversarial)]),
    });
    const names = ['rgb', 'skeleton'];
    expect(seen).toEqual([
      [1, 3, [-0.2, -0.6], names],
      [2, 3, [0.1, -0.3], names],
      [3, 3, [0.1, -0.1], names],
    ]);
  });

  it('says in one threat model what its conditions let change', () => {
    const a: Budget = { norm: 'linf', epsilon: 0.1 };
    const large: Budget = { norm: 'linf', epsilon: 0.3 };
    const l2: Budget = { norm: 'l2', epsilon: 1 };
    expect(worstCase(conditions).threatModel).toEqual(budgets);
    expect(worstCase({ one: { a: large }, two: { a, b: a } }).threatModel).toEqual({ a: large, b: a });
    expect(worstCase({ one: { a }, two: { a: large } }).threatModel).toEqual({ a: large });
    expect(worstCase({ one: { a: large }, two: { a: l2 } }).threatModel).toEqual({ a: l2 });
    const joint = jointBall('l2', 1, { a: {}, b: {} });
    expect(worstCase({ one: joint, two: { a } }).threatModel).toBe(joint);
    expect(worstCase(conditions).conditions).toBe(conditions);
  });

  it('leaves nothing behind when it fails or is stopped', async () => {
    const inputs = { rgb: tf.tensor1d([1, 1]), skeleton: tf.tensor1d([0.4, 0.8]) };
    const labels = zeros(2);
    const stop = new AbortController();
    const run = (options: Parameters<Attack['perturb']>[3], attack?: (threat: ThreatModel) => Attack) =>
      worstCase(conditions, attack && { attack }).perturb(sums, inputs, labels, options);
    const stopping = (threat: ThreatModel): Attack => {
      const inner = fgsm(threat);
      return {
        ...inner,
        perturb: (...given) => {
          stop.abort(new Error('stopped'));
          return inner.perturb(...given);
        },
      };
    };
    await expectCleanFailure(() => run({ signal: stop.signal }, stopping), /stopped/);
    await expectCleanFailure(() => run({ signal: AbortSignal.abort(new Error('before')) }), /before/);
    const thrower = () => {
      throw new Error('in the callback');
    };
    await expectCleanFailure(() => run({ onStep: thrower }), /in the callback/);
    const broken = (threat: ThreatModel): Attack => ({
      ...fgsm(threat),
      perturb: async () => {
        throw new Error('in the attack');
      },
    });
    await expectCleanFailure(() => run({}, broken), /in the attack/);
    const two = tf.tensor1d([0, 2], 'int32');
    await expectCleanFailure(
      () => worstCase(conditions).perturb(sums, inputs, two),
      /labels: got the class 2/,
    );
    const missing = { rgb: inputs.rgb };
    await expectCleanFailure(
      () => worstCase(conditions, { attack: broken }).perturb(sums, missing, labels),
      /threatModel\.skeleton: got a budget/,
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'no condition',
      () => worstCase({}),
      /worstCase\.conditions: got .*; expected at least one threat model/,
    ],
    [
      'a condition that is not valid',
      () => worstCase({ rgb: {} }),
      /threatModel: got an object with \[\]; expected a budget for one modality or more/,
    ],
    [
      'options that the attack refuses',
      () => worstCase(conditions, { attack: (threat) => pgd(threat, { steps: 0 }) }),
      /steps: got 0/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
