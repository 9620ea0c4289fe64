import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { describeInvariants, jointBudgetOf } from '@amr/testing/attacks/invariants';
import {
  denseClassifier,
  lengthOf,
  linearClassifier,
  normal,
  predictionsOf,
  rowsOf,
  uniform,
  values,
} from '@amr/testing/attacks/models';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  type Budget,
  type Constraint,
  type FgsmOptions,
  fgsm,
  jointBall,
  type Modalities,
  type PgdOptions,
  pgd,
} from '../index.js';

/** Ways to run an attack that all must keep the rules. */
describeInvariants('fgsm', (threat) => fgsm(threat));
describeInvariants('pgd', (threat) => pgd(threat, { steps: 4 }));
describeInvariants('pgd with momentum on cw', (threat) =>
  pgd(threat, { steps: 3, momentum: 0.9, loss: 'cw' }),
);
describeInvariants('pgd with restarts on dlr', (threat) =>
  pgd(threat, { steps: 2, restarts: 3, loss: 'dlr' }),
);
describeInvariants('pgd in two balls', (threat) => pgd(threat, { steps: 3, randomStart: true }), {
  other: { norm: 'l2', epsilon: 0.2 },
});
describeInvariants(
  'pgd in a joint ball',
  ({ a }) =>
    pgd(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), {
      steps: 4,
      randomStart: true,
    }),
  { joint: { a: 1 / 3, b: 2 } },
);

describe('pgd and fgsm', () => {
  const shape = [6, 3, 4];
  const x = uniform(shape, 1);
  const sure = denseClassifier({ x }, 5, 2, 400);
  const budget: Budget = { norm: 'linf', epsilon: 0.4, range: [0, 1] };

  it.each(['linf', 'l2', 'l1'] as const)('work where the softmax is saturated: %s', async (norm) => {
    const labels = predictionsOf(sure, { x });
    const certainty = tf.tidy(() => values(tf.max(tf.softmax(sure({ x })), 1)));
    expect(certainty.filter((p) => p === 1).length).toBeGreaterThan(3);
    const threat = {
      x: { norm, epsilon: { linf: 0.4, l2: 1.4, l1: 5 }[norm], range: [0, 1] as [number, number] },
    };
    const stillRight = async (attack: Attack) => {
      const result = await attack.perturb(sure, { x }, labels);
      for (const [row, moved] of rowsOf(result.x!).entries()) expect(moved).not.toEqual(rowsOf(x)[row]);
      return values(predictionsOf(sure, result)).filter((y, i) => y === values(labels)[i]).length;
    };
    await stillRight(fgsm(threat));
    expect(await stillRight(pgd(threat))).toBeLessThanOrEqual(1);
  });

  it('bring the prediction to the targets', async () => {
    const linear = linearClassifier({ x: normal([12, 5], 3) as tf.Tensor2D });
    const labels = predictionsOf(linear, { x });
    const targets = tf.tidy(() => tf.mod(tf.add(labels, 1), 5)) as tf.Tensor1D;
    const likelihood: FgsmOptions['loss'] = (z, y) =>
      tf.sum<tf.Tensor1D>(tf.mul(tf.neg(tf.logSoftmax(z)), tf.oneHot(y, 5)), 1);
    for (const loss of ['cross-entropy', 'cw', 'dlr', likelihood] as const) {
      const attack = pgd({ x: { norm: 'l2', epsilon: 6 } }, { loss, steps: 40 });
      const result = await attack.perturb(linear, { x }, labels, { targets });
      const reached = values(predictionsOf(linear, result));
      // The targeted ratio rises as soon as the target beats the label, whether or not a third class beats both.
      if (loss !== 'dlr') expect(reached).toEqual(values(targets));
      for (const [row, y] of reached.entries()) expect(y).not.toBe(values(labels)[row]);
    }
  });

  it('with restarts keep per sample the first success, or else the largest loss', async () => {
    const gentle = denseClassifier({ x }, 5, 2, 2);
    const labels = predictionsOf(gentle, { x });
    const small = { x: { ...budget, epsilon: 0.12 } };
    const lossOf = (result: Modalities) => {
      const z = rowsOf(gentle(result));
      return z.map((row, i) => {
        const y = values(labels)[i]!;
        return Math.max(...row.filter((_, k) => k !== y)) - row[y]!;
      });
    };
    const options: PgdOptions = { steps: 1, loss: 'cw' };
    const one = lossOf(
      await pgd(small, { ...options, randomStart: true }).perturb(gentle, { x }, labels, { seed: 5 }),
    );
    const five = lossOf(
      await pgd(small, { ...options, restarts: 5 }).perturb(gentle, { x }, labels, { seed: 5 }),
    );
    for (const [i, loss] of five.entries()) {
      // The first restart of both is the same.
      if (one[i]! > 0) expect(loss).toBeCloseTo(one[i]!, 5);
      else expect(loss).toBeGreaterThanOrEqual(one[i]! - 1e-6);
    }
    expect(five.some((loss, i) => loss > one[i]! + 1e-4)).toBe(true);
  });

  it('end the restarts when every sample is fooled', async () => {
    const labels = predictionsOf(sure, { x });
    const seen = new Set<number>();
    const attack = pgd({ x: { ...budget, epsilon: 1 } }, { restarts: 10, steps: 5 });
    await attack.perturb(sure, { x }, labels, { seed: 1, onStep: ({ restart }) => seen.add(restart) });
    expect(seen.size).toBeLessThan(10);
  });

  it('wait for a promise that onStep returns, whose tensors live until then, and end with its error', async () => {
    const labels = predictionsOf(sure, { x });
    const done: string[] = [];
    const before = tf.memory().numTensors;
    const run = (fail: boolean) =>
      pgd({ x: budget }, { steps: 3 }).perturb(sure, { x }, labels, {
        onStep: async ({ step, adversarial, loss }) => {
          done.push(`${step} begins`);
          await new Promise((resolve) => setTimeout(resolve, 5));
          expect((await adversarial.x!.data()).length + (await loss.data()).length).toBe(
            x.size + x.shape[0]!,
          );
          done.push(`${step} ends`);
          if (fail && step === 2) throw new Error('enough');
        },
      });
    tf.dispose(await run(false));
    expect(done).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
    await expect(run(true)).rejects.toThrow('enough');
    expect(done.length).toBe(10);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('raise the loss from step to step, and report each', async () => {
    const gentle = denseClassifier({ x }, 5, 2, 2);
    const labels = predictionsOf(gentle, { x });
    const losses: number[][] = [];
    const tensors = tf.memory().numTensors;
    const result = await pgd({ x: { ...budget, norm: 'l2', stepSize: 0.02 } }, { steps: 10 }).perturb(
      gentle,
      { x, unused: x },
      labels,
      {
        onStep: ({ step, steps, restart, restarts, loss, adversarial }) => {
          expect([steps, restart, restarts]).toEqual([10, 1, 1]);
          expect(step).toBe(losses.length + 1);
          expect(adversarial.x!.shape).toEqual(shape);
          expect(adversarial.unused).toBe(x);
          losses.push(values(loss));
        },
      },
    );
    expect(tf.memory().numTensors - tensors).toBe(2);
    for (let step = 1; step < 10; step++) {
      losses[step]!.forEach((loss, i) => {
        expect(loss).toBeGreaterThan(losses[step - 1]![i]!);
      });
    }
    const last = tf.tidy(() =>
      rowsOf(tf.neg(tf.logSoftmax(gentle(result)))).map((row, i) => row[values(labels)[i]!]!),
    );
    last.forEach((loss, i) => {
      expect(loss).toBeGreaterThan(losses[9]![i]!);
    });
  });

  it('momentum adds up gradients divided by their l1 length', async () => {
    const gentle = denseClassifier({ x }, 5, 2, 2);
    const labels = predictionsOf(gentle, { x });
    const attack = pgd({ x: { norm: 'l2', epsilon: 10, stepSize: 0.3 } }, { steps: 3, momentum: 0.7 });
    const result = await attack.perturb(gentle, { x }, labels);
    const expected = tf.tidy(() => {
      const loss = (point: tf.Tensor) =>
        tf.neg(tf.sum(tf.mul(tf.logSoftmax(gentle({ x: tf.reshape(point, shape) })), tf.oneHot(labels, 5))));
      let point = tf.reshape(x, [6, 12]);
      let velocity = tf.zerosLike(point);
      for (let step = 0; step < 3; step++) {
        const gradient = tf.grad(loss)(point);
        velocity = tf.add(tf.mul(velocity, 0.7), tf.div(gradient, tf.sum(tf.abs(gradient), 1, true)));
        point = tf.add(point, tf.mul(0.3, tf.div(velocity, tf.norm(velocity, 2, 1, true))));
      }
      return tf.reshape(point, shape);
    });
    const other = values(expected);
    for (const [i, value] of values(result.x!).entries()) expect(value).toBeCloseTo(other[i]!, 5);
  });

  it('apply constraints after the step, before ball and range', async () => {
    const gentle = denseClassifier({ x }, 5, 2, 2);
    const labels = predictionsOf(gentle, { x });
    const seen: number[] = [];
    const sameInRows: Constraint = {
      name: 'the same change in each row',
      apply(perturbed, clean) {
        const change = tf.sub(perturbed, clean);
        seen.push(Math.max(...values(tf.abs(change))));
        return tf.add(clean, tf.mul(tf.mean(change, 1, true), tf.onesLike(change)));
      },
    };
    const attack = pgd(
      { x: { norm: 'linf', epsilon: 0.1, constraints: [sameInRows] } },
      { steps: 3, randomStart: true },
    );
    const result = await attack.perturb(gentle, { x }, labels, { seed: 1 });
    for (const sample of tf.tidy(() => (tf.sub(result.x!, x) as tf.Tensor3D).arraySync())) {
      expect(sample[0]!.some((value) => Math.abs(value) > 0.01)).toBe(true);
      for (const row of sample)
        for (const [i, value] of row.entries()) expect(value).toBeCloseTo(sample[0]![i]!, 5);
    }
    // Once for the random start and once a step; the step has left the ball when the constraint sees it.
    expect(seen.length).toBe(4);
    expect(Math.max(...seen)).toBeGreaterThan(0.15);
  });

  it('take masks that broadcast, and functions that make them', async () => {
    const gentle = denseClassifier({ x }, 5, 2, 2);
    const labels = predictionsOf(gentle, { x });
    const column = tf.tensor1d([1, 0, 0, 1]);
    const masks: Budget['mask'][] = [
      column,
      tf.cast(column, 'bool'),
      (clean) => tf.mul(tf.onesLike(clean), column),
    ];
    for (const norm of ['linf', 'l2', 'l1'] as const) {
      const moved = [];
      for (const mask of masks) {
        const result = await pgd({ x: { norm, epsilon: 0.1, mask } }).perturb(gentle, { x }, labels);
        moved.push(tf.tidy(() => rowsOf(tf.sub(result.x!, x))));
      }
      expect(moved[1]).toEqual(moved[0]);
      expect(moved[2]).toEqual(moved[0]);
      for (const row of moved[0]!) {
        expect(row.every((value, i) => (i % 4 === 0 || i % 4 === 3 ? true : value === 0))).toBe(true);
        // The whole budget goes to the entries that may move.
        expect(lengthOf(norm, row)).toBeCloseTo(0.1, 5);
      }
    }
  });
});

describe('a signal', () => {
  const x = uniform([2, 4], 1);
  const classifier = denseClassifier({ x }, 3, 2);
  const labels = tf.tensor1d([0, 1], 'int32');
  const attack = pgd({ x: { norm: 'l2', epsilon: 1 } }, { steps: 1_000_000 });

  it('stops an attack before its next step, with its reason, and nothing is left', async () => {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    let steps = 0;
    const stopped = attack.perturb(classifier, { x }, labels, {
      signal: controller.signal,
      onStep: () => {
        if (++steps === 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is heard when it comes from a timer, and before the attack begins', async () => {
    const before = tf.memory().numTensors;
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await expect(attack.perturb(classifier, { x }, labels, { signal: controller.signal })).rejects.toBe(
      reason,
    );
    await expect(
      attack.perturb(classifier, { x }, labels, { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is not needed: what onStep throws ends the attack as well', async () => {
    const before = tf.memory().numTensors;
    const failure = new Error('stop');
    const onStep = () => {
      throw failure;
    };
    await expect(attack.perturb(classifier, { x }, labels, { onStep })).rejects.toBe(failure);
    expect(tf.memory().numTensors).toBe(before);
  });
});
