import { describeInvariants, jointBudgetOf } from '@amr/testing/attacks/invariants';
import {
  denseClassifier,
  lengthOf,
  predictionsOf,
  rowsOf,
  uniform,
  values,
} from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AttackOptionsError, type AttackStep, jointBall, type NormName, noise } from '../index.js';

describeInvariants('uniform noise', (threat) => noise(threat), { numRuns: 8 });
describeInvariants('gaussian noise', (threat) => noise(threat, { distribution: 'gaussian' }), { numRuns: 8 });
describeInvariants('the best of several draws', (threat) => noise(threat, { repeats: 3 }), { numRuns: 6 });
describeInvariants('noise in two balls', (threat) => noise(threat, { distribution: 'gaussian' }), {
  numRuns: 5,
  other: { norm: 'l1', epsilon: 0.2 },
});
describeInvariants(
  'noise in a joint ball',
  ({ a }) =>
    noise(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), {
      repeats: 2,
    }),
  { norms: ['l2'], numRuns: 5, joint: { a: 1 / 3, b: 2 } },
);

describe('noise', () => {
  const samples = 2000;
  const x = tf.zeros([samples, 3]);
  const labels = tf.zeros<tf.Rank.R1>([samples], 'int32');
  const never = () => {
    throw new Error('called');
  };

  it.each<NormName>(['linf', 'l2', 'l1'])(
    'uniform fills the %s ball evenly, without the classifier',
    async (norm) => {
      const result = await noise({ x: { norm, epsilon: 2 } }).perturb(never, { x }, labels, { seed: 1 });
      const lengths = rowsOf(result.x!).map((d) => lengthOf(norm, d));
      // The length of a uniform point of three dimensions: a share of r^3 is below r; four standard deviations.
      for (const r of [0.5, 0.8, 1]) {
        const share = lengths.filter((length) => length <= 2 * r * (1 + 1e-6)).length / samples;
        expect(Math.abs(share - r ** 3)).toBeLessThan(
          4 * Math.sqrt((r ** 3 * (1 - r ** 3)) / samples) + 1e-9,
        );
      }
    },
  );

  it.each<NormName>(['linf', 'l2', 'l1'])(
    'gaussian has length epsilon in %s, in every direction',
    async (norm) => {
      const attack = noise({ x: { norm, epsilon: 2 } }, { distribution: 'gaussian' });
      const result = await attack.perturb(never, { x }, labels, { seed: 1 });
      const rows = rowsOf(result.x!);
      for (const d of rows) expect(lengthOf(norm, d)).toBeCloseTo(2, 5);
      for (const i of [0, 1, 2]) {
        const above = rows.filter((d) => d[i]! > 0).length / samples;
        expect(Math.abs(above - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / samples));
        // By symmetry each entry is the largest in a third of them.
        const largest = rows.filter((d) => d.every((v) => Math.abs(v) <= Math.abs(d[i]!))).length / samples;
        expect(Math.abs(largest - 1 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / samples));
      }
    },
  );

  it('of several draws keeps the first success, or else the largest loss', async () => {
    const batch = uniform([30, 2, 5], 2);
    const network = denseClassifier({ x: batch }, 4, 3, 3);
    const truth = predictionsOf(network, { x: batch });
    const steps: number[][] = [];
    const seen: AttackStep[] = [];
    const attack = noise({ x: { norm: 'linf', epsilon: 0.15 } }, { repeats: 20, loss: 'cw' });
    const onStep = (step: AttackStep) => {
      steps.push(values(step.loss));
      seen.push(step);
    };
    const result = await attack.perturb(network, { x: batch }, truth, { seed: 4, onStep });
    const margins = rowsOf(network(result)).map((z, row) => {
      const own = values(truth)[row]!;
      return Math.max(...z.filter((_, i) => i !== own)) - z[own]!;
    });
    for (const [row, margin] of margins.entries()) {
      const first = steps.find((losses) => losses[row]! > 0);
      if (first) expect(margin).toBeCloseTo(first[row]!, 5);
      else expect(margin).toBeCloseTo(Math.max(...steps.map((losses) => losses[row]!)), 5);
    }
    expect(margins.some((margin) => margin > 0) && margins.some((margin) => margin < 0)).toBe(true);
    expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(steps[19]!.some((loss, row) => loss > steps[0]![row]! + 1e-3)).toBe(true);
  });

  it('ends when every sample is fooled', async () => {
    let calls = 0;
    const wrong = ({ x }: { [name: string]: tf.Tensor }) => {
      calls++;
      return tf.tidy(
        () => tf.concat([tf.zeros([x!.shape[0]!, 1]), tf.ones([x!.shape[0]!, 1])], 1) as tf.Tensor2D,
      );
    };
    await noise({ x: { norm: 'l2', epsilon: 1 } }, { repeats: 50 }).perturb(wrong, { x }, labels);
    expect(calls).toBe(1);
  });

  it('refuses options outside their values, and leaves nothing behind when stopped', async () => {
    const threat = { x: { norm: 'l2', epsilon: 1 } } as const;
    expect(() => noise(threat, { repeats: 0 })).toThrow(AttackOptionsError);
    expect(() => noise(threat, { distribution: 'laplace' as never })).toThrow(
      /noise\.distribution: got 'laplace'; expected one of uniform, gaussian/,
    );
    const controller = new AbortController();
    const attack = noise(threat, { repeats: 50 });
    const network = denseClassifier({ x }, 3, 1);
    await expectCleanFailure(
      () =>
        attack.perturb(network, { x }, labels, {
          signal: controller.signal,
          onStep: () => controller.abort(new Error('enough')),
        }),
      /enough/,
    );
  });
});
