import { readFileSync } from 'node:fs';
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
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apgd, type Classifier, jointBall, type Modalities, type NormName } from '../../index.js';

// A rounding error that makes one of two equally good points the better one moves a whole row: one case in 2000.
const options = { caseSeed: 5, numRuns: 6 };
describeInvariants('apgd', (threat) => apgd(threat, { steps: 8 }), { ...options, norms: ['linf', 'l2'] });
describeInvariants('apgd in l1', (threat) => apgd(threat, { steps: 7 }), { ...options, norms: ['l1'] });
describeInvariants(
  'apgd with restarts on dlr',
  (threat) => apgd(threat, { steps: 4, restarts: 2, loss: 'dlr' }),
  { ...options, norms: ['linf', 'l2'] },
);
describeInvariants('targeted apgd', (threat) => apgd(threat, { steps: 4, targetClasses: 2, loss: 'dlr' }), {
  ...options,
  norms: ['linf', 'l2'],
});
describeInvariants('apgd in two balls', (threat) => apgd(threat, { steps: 6 }), {
  ...options,
  other: { norm: 'l2', epsilon: 0.2 },
});
describeInvariants(
  'apgd in a joint ball',
  ({ a }) =>
    apgd(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), {
      steps: 6,
    }),
  { ...options, joint: { a: 1 / 3, b: 2 } },
);

/** What test-data/apgd_reference.py wrote. */
interface Reference {
  weights: { [name: string]: { shape: number[]; values: number[] } };
  shape: number[];
  x: number[];
  labels: number[];
  runs: {
    norm: NormName;
    epsilon: number;
    steps: number;
    rho: number;
    multiEpsilon: boolean;
    result: number[];
  }[];
}
const file = new URL('../../../test-data/apgd_reference.json', import.meta.url);
const reference = JSON.parse(readFileSync(file, 'utf8')) as Reference;

it.each(reference.runs)(
  'apgd gives what the papers say: $norm, $steps steps, in stages $multiEpsilon',
  async ({ norm, epsilon, steps, rho, multiEpsilon, result }) => {
    const [w1, b1, w2] = Object.values(reference.weights).map((w) => tf.tensor(w.values, w.shape));
    const classifier: Classifier = ({ x }) =>
      tf.tidy(() => tf.matMul(tf.tanh(tf.add(tf.matMul(x!, w1!), b1!)), w2!) as tf.Tensor2D);
    const x = tf.tensor(reference.x, reference.shape);
    const labels = tf.tensor1d(reference.labels, 'int32');
    const threat = { x: { norm, epsilon, range: [0, 1] as [number, number] } };
    const attack = apgd(threat, { steps, rho, multiEpsilon, randomStart: false });
    const got = values((await attack.perturb(classifier, { x }, labels)).x!);
    expect(got.length).toBe(result.length);
    const worst = Math.max(...got.map((value, i) => Math.abs(value - result[i]!)));
    // In l2 rows that aren't fooled end at a smooth maximum, where a rounding error of the loss, 1e-7, can make another
    // point the best that lies its root away.
    expect(worst).toBeLessThan(norm === 'l2' ? 3e-4 : 1e-5);
    expect(worst).toBeGreaterThan(0);
  },
);

describe('on linear models apgd reaches the worst case', () => {
  const dual: Record<NormName, NormName> = { linf: 'l1', l2: 'l2', l1: 'linf' };
  const setting = (seed: number) => {
    const weights = {
      a: normal([12, 2], seed) as tf.Tensor2D,
      b: normal([5, 2], seed + 1) as tf.Tensor2D,
    };
    const inputs: Modalities = { a: uniform([3, 2, 6], seed + 2), b: normal([3, 5, 1, 1], seed + 3) };
    const labels = tf.tensor1d([0, 1, seed % 2], 'int32');
    // So sure of the labels that no row is fooled: those that are end at the last such point, not at the worst.
    const linear = linearClassifier(weights);
    const classifier: Classifier = (x) => tf.tidy(() => tf.add(linear(x), tf.mul(tf.oneHot(labels, 2), 30)));
    const sign = values(labels).map((y) => 1 - 2 * y);
    const margins = (x: Modalities) =>
      tf.tidy(() => rowsOf(classifier(x)).map(([z0, z1], row) => sign[row]! * (z1! - z0!)));
    const slope = (name: 'a' | 'b', row: number) =>
      rowsOf(weights[name]).map(([w0, w1]) => sign[row]! * (w1! - w0!));
    return { inputs, classifier, labels, margins, slope };
  };
  const check = (property: (given: ReturnType<typeof setting>) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(fc.nat(10_000), (seed) => property(setting(seed))),
      { numRuns: 3 },
    );
  const rise = async (
    { inputs, classifier, labels, margins }: ReturnType<typeof setting>,
    attack: ReturnType<typeof apgd>,
  ) => {
    const before = margins(inputs);
    const after = margins(await attack.perturb(classifier, inputs, labels, { seed: 1 }));
    return after.map((margin, row) => margin - before[row]!);
  };

  it.each(['linf', 'l2', 'l1'] as const)('in one ball: %s', (norm) =>
    check(async (given) => {
      const attack = apgd({ a: { norm, epsilon: 0.3 } });
      for (const [row, got] of (await rise(given, attack)).entries()) {
        expect(got).toBeCloseTo(0.3 * lengthOf(dual[norm], given.slope('a', row)), 3);
      }
    }),
  );

  it.each([
    ['linf', 'l2'],
    ['l2', 'l1'],
  ] as const)('in two balls at once: %s and %s', (a, b) =>
    check(async (given) => {
      const attack = apgd({ a: { norm: a, epsilon: 0.3 }, b: { norm: b, epsilon: 0.7 } });
      for (const [row, got] of (await rise(given, attack)).entries()) {
        const best =
          0.3 * lengthOf(dual[a], given.slope('a', row)) + 0.7 * lengthOf(dual[b], given.slope('b', row));
        expect(got).toBeCloseTo(best, 3);
      }
    }),
  );

  it.each(['linf', 'l2'] as const)('in a joint ball, with scales: %s', (norm) =>
    check(async (given) => {
      const threat = jointBall(norm, 0.6, { a: { scale: 1 / 4 }, b: { scale: 2 } });
      for (const [row, got] of (await rise(given, apgd(threat))).entries()) {
        const scaled = [
          ...given.slope('a', row).map((w) => w / 4),
          ...given.slope('b', row).map((w) => w * 2),
        ];
        expect(got).toBeCloseTo(0.6 * lengthOf(dual[norm], scaled), 3);
      }
    }),
  );

  it('in l1 ball and range together, by filling the best entries', () =>
    check(async (given) => {
      const attack = apgd({ a: { norm: 'l1', epsilon: 1.5, range: [0, 1] } });
      for (const [row, got] of (await rise(given, attack)).entries()) {
        const clean = rowsOf(given.inputs.a!)[row]!;
        const byWorth = given
          .slope('a', row)
          .map((w, i) => ({ worth: Math.abs(w), room: w > 0 ? 1 - clean[i]! : clean[i]! }))
          .sort((one, two) => two.worth - one.worth);
        let [left, best] = [1.5, 0];
        for (const { worth, room } of byWorth) {
          const used = Math.min(left, room);
          best += used * worth;
          left -= used;
        }
        // The shortest step is a tenth of the radius.
        expect(got).toBeGreaterThan(0.9 * best);
        expect(got).toBeLessThan(1.0001 * best);
      }
    }));
});

/** One entry, the loss -|x - 0.3|: the best point is inside the ball. */
const ridge = ({ x }: Modalities) =>
  tf.tidy(() => {
    const height = tf.neg(tf.abs(tf.sub(tf.reshape(x!, [-1, 1]), 0.3)));
    return tf.concat([tf.onesLike(height), height], 1) as tf.Tensor2D;
  });

describe('apgd', () => {
  it('goes back at a checkpoint to its best point, and halves the step', async () => {
    const points: number[] = [];
    const attack = apgd({ x: { norm: 'linf', epsilon: 1 } }, { loss: 'cw', randomStart: false });
    const result = await attack.perturb(ridge, { x: tf.tensor2d([[0]]) }, tf.tensor1d([0], 'int32'), {
      onStep: ({ adversarial }) => points.push(values(adversarial.x!)[0]!),
    });
    const clip = (v: number) => Math.min(Math.max(v, -1), 1);
    const next = (x: number, before: number, step: number) => {
      const z = clip(x + step * Math.sign(0.3 - x));
      return clip(x + 0.75 * (z - x) + 0.25 * (x - before));
    };
    expect(points[0]).toBe(1);
    for (let k = 1; k < 21; k++) {
      expect(points[k]).toBeCloseTo(next(points[k - 1]!, k === 1 ? 0 : points[k - 2]!, 2), 5);
    }
    const distance = (x: number) => Math.abs(x - 0.3);
    const bestOf = (reached: number[]) =>
      reached.reduce((best, x) => (distance(x) < distance(best) ? x : best), 0);
    // The 22nd step would lead to the other side, further away than the best point is, to which the checkpoint goes back.
    const best = bestOf(points.slice(0, 21));
    expect(distance(next(points[20]!, points[19]!, 2))).toBeGreaterThan(distance(best) + 0.01);
    expect(points[21]).toBe(best);
    // Momentum continues from the point that the 22nd step came from.
    expect(points[22]).toBeCloseTo(next(best, points[20]!, 1), 5);
    expect(values(result.x!)[0]).toBeCloseTo(bestOf(points), 5);
    expect(distance(values(result.x!)[0]!)).toBeLessThan(0.01);
  });

  it('costs a forward and a backward pass a step and a forward pass at the end, times the draws', async () => {
    let calls = 0;
    const counted: Classifier = (x) => {
      calls++;
      return ridge(x);
    };
    const run = async (norm: NormName, options: Parameters<typeof apgd>[1]) => {
      calls = 0;
      const attack = apgd({ x: { norm, epsilon: 0.1 } }, options);
      await attack.perturb(counted, { x: tf.zeros([2, 1]) }, tf.zeros([2], 'int32'));
      return calls;
    };
    expect(await run('linf', { steps: 10 })).toBe(11);
    expect(await run('linf', { steps: 10, restarts: 3 })).toBe(33);
    expect(await run('linf', { steps: 10, eotSamples: 4 })).toBe(44);
    expect(await run('l1', { steps: 10 })).toBe(13);
    expect(await run('l1', { steps: 10, multiEpsilon: false })).toBe(11);
    // Two classes: one wrong one to aim at.
    expect(await run('linf', { steps: 10, targetClasses: 9 })).toBe(12);
  });

  it('averages over draws of a random classifier', async () => {
    // Odd calls see a step up, even ones a longer step down: only their mean tells that down is wrong.
    let call = 0;
    const random: Classifier = ({ x }) =>
      tf.tidy(() => {
        const slope = ++call % 2 === 0 ? -1 : 3;
        return tf.concat([tf.ones([1, 1]), tf.mul(tf.sub(x!, 5), slope)], 1) as tf.Tensor2D;
      });
    const attack = apgd({ x: { norm: 'linf', epsilon: 0.5 } }, { steps: 5, eotSamples: 2, loss: 'cw' });
    const result = await attack.perturb(random, { x: tf.zeros([1, 1]) }, tf.tensor1d([0], 'int32'));
    expect(values(result.x!)).toEqual([0.5]);
  });

  it('numbers its steps through the stages of an l1 ball, which may leave it before the last', async () => {
    const x = uniform([2, 8], 1);
    const classifier = denseClassifier({ x }, 4, 3);
    const seen: number[] = [];
    const lengths: number[] = [];
    const attack = apgd({ x: { norm: 'l1', epsilon: 0.5 } }, { steps: 10 });
    await attack.perturb(classifier, { x }, predictionsOf(classifier, { x }), {
      seed: 1,
      onStep: ({ step, adversarial }) => {
        seen.push(step);
        const changes = tf.tidy(() => rowsOf(tf.sub(adversarial.x!, x)));
        lengths.push(Math.max(...changes.map((change) => lengthOf('l1', change))));
      },
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(Math.max(...lengths.slice(0, 3))).toBeGreaterThan(1.2);
    expect(Math.max(...lengths.slice(6))).toBeLessThanOrEqual(0.5 * 1.00001);
  });

  it('finds its way where the softmax is saturated', async () => {
    const x = uniform([8, 3, 4], 1);
    const sure = denseClassifier({ x }, 5, 2, 400);
    const labels = predictionsOf(sure, { x });
    for (const [norm, epsilon] of [
      ['linf', 0.5],
      ['l2', 1.7],
      ['l1', 6],
    ] as const) {
      const attack = apgd({ x: { norm, epsilon, range: [0, 1] } }, { steps: 40 });
      const result = await attack.perturb(sure, { x }, labels, { seed: 3 });
      const kept = values(predictionsOf(sure, result)).filter((y, i) => y === values(labels)[i]);
      expect(kept.length).toBeLessThanOrEqual(1);
    }
  });

  it('raises an error for gradients that are not finite, and leaks nothing', async () => {
    const broken: Classifier = ({ x }) => tf.tidy(() => tf.concat([tf.sqrt(x!), x!], 1) as tf.Tensor2D);
    const x = tf.zeros([1, 1]);
    const labels = tf.tensor1d([0], 'int32');
    const before = tf.memory().numTensors;
    const attack = apgd({ x: { norm: 'linf', epsilon: 1 } }, { steps: 3, randomStart: false });
    await expect(attack.perturb(broken, { x }, labels)).rejects.toThrow(
      /gradient of 'x': got NaN or infinite.*step 1 of restart 1/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [{ steps: 0 }, /steps: got 0/],
    [{ restarts: 1.5 }, /restarts: got 1.5/],
    [{ rho: 1.1 }, /rho: got 1.1/],
    [{ targetClasses: 0 }, /targetClasses: got 0/],
    [{ eotSamples: -1 }, /eotSamples: got -1/],
    [{ restarts: 2, randomStart: false }, /all restarts would be the same/],
  ])('refuses %o', (options, message) => {
    expect(() => apgd({ x: { norm: 'linf', epsilon: 1 } }, options)).toThrow(message);
  });
});

describe('apgd towards classes', () => {
  const weights = normal([6, 6], 4) as tf.Tensor2D;
  const classifier = linearClassifier({ x: weights });
  const x = normal([40, 6], 5);
  const labels = predictionsOf(classifier, { x });
  const columns = tf.tidy(() => rowsOf(tf.transpose(weights)));
  /** The l2 distance of each row to where class t beats the label, by class. */
  const distances = rowsOf(classifier({ x })).map((z, row) => {
    const y = values(labels)[row]!;
    return z.map((zt, t) =>
      t === y
        ? Infinity
        : (z[y]! - zt) /
          lengthOf(
            'l2',
            columns[y]!.map((w, i) => w - columns[t]![i]!),
          ),
    );
  });
  const epsilon = 0.8;

  it.each([1, 2, 5, 9])(
    'fools the rows that one of the %i most likely wrong ones is near to',
    async (targetClasses) => {
      const attack = apgd({ x: { norm: 'l2', epsilon } }, { steps: 25, loss: 'dlr', targetClasses });
      expect(attack.name).toBe('apgd-t');
      const result = await attack.perturb(classifier, { x }, labels, { seed: 1 });
      const got = values(predictionsOf(classifier, result)).map((y, row) => y !== values(labels)[row]);
      const logits = rowsOf(classifier({ x }));
      const reach = distances.map((distance, row) => {
        const ranked = logits[row]!.map((z, t) => [z, t] as const)
          .filter(([, t]) => t !== values(labels)[row])
          .sort(([one], [two]) => two - one);
        return Math.min(...ranked.slice(0, targetClasses).map(([, t]) => distance[t]!));
      });
      const nearest = distances.map((distance) => Math.min(...distance));
      let decided = 0;
      for (const [row, fooled] of got.entries()) {
        // Any wrong class counts: on the way to a target another one may be met, if it is in reach at all.
        if (reach[row]! < 0.95 * epsilon) expect(fooled).toBe(true);
        if (nearest[row]! > epsilon) expect(fooled).toBe(false);
        if (reach[row]! < 0.95 * epsilon || nearest[row]! > epsilon) decided++;
      }
      expect(decided).toBeGreaterThan(30);
      expect(got.filter(Boolean).length).toBeGreaterThan(5);
      expect(got.filter(Boolean).length).toBeLessThan(38);
    },
  );

  it('aims at given targets alone', async () => {
    const targets = tf.tidy(() => tf.mod(tf.add(labels, 1), 6)) as tf.Tensor1D;
    let restarts = 0;
    const attack = apgd({ x: { norm: 'l2', epsilon: 12 } }, { steps: 30, loss: 'cw', targetClasses: 3 });
    const result = await attack.perturb(classifier, { x }, labels, {
      targets,
      seed: 1,
      onStep: (step) => {
        restarts = step.restarts;
      },
    });
    expect(restarts).toBe(1);
    expect(values(predictionsOf(classifier, result))).toEqual(values(targets));
  });

  it('reports cross-entropy towards a class as what it is, below 0 and rising', async () => {
    const seen: number[][] = [];
    const attack = apgd(
      { x: { norm: 'l2', epsilon: 0.1 } },
      { steps: 6, targetClasses: 1, randomStart: false },
    );
    await attack.perturb(classifier, { x }, labels, { onStep: ({ loss }) => seen.push(values(loss)) });
    const log = tf.tidy(() => rowsOf(tf.logSoftmax(classifier({ x }))));
    seen[0]!.forEach((loss, row) => {
      const ranked = [...log[row]!].sort((one, two) => two - one);
      expect(loss).toBeCloseTo(ranked[1]!, 4);
      expect(seen[5]![row]).toBeGreaterThan(loss);
    });
  });
});
