import { describeInvariants, jointBudgetOf } from '@amr/testing/attacks/invariants';
import { dual, linearSetting } from '@amr/testing/attacks/linearSetting';
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
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  AttackOptionsError,
  type AttackStep,
  type Budget,
  type Classifier,
  jointBall,
  type Modalities,
  onlyPatch,
  pgd,
  type SquareOptions,
  square,
  ThreatModelError,
} from '../../index.js';
import { shareOf } from './square.js';

describeInvariants('square', (threat) => square(threat, { queries: 8 }), {
  norms: ['linf', 'l2'],
  numRuns: 8,
});
describeInvariants('square with restarts', (threat) => square(threat, { queries: 4, restarts: 2 }), {
  norms: ['linf', 'l2'],
  numRuns: 4,
});
describeInvariants('square in two balls', (threat) => square(threat, { queries: 6 }), {
  norms: ['linf', 'l2'],
  other: { norm: 'l2', epsilon: 0.2 },
  numRuns: 4,
});
describeInvariants(
  'square in a joint ball',
  ({ a }) =>
    square(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), {
      queries: 6,
    }),
  { norms: ['l2'], joint: { a: 1 / 3, b: 2 }, numRuns: 4 },
);

/** So sure of class 0 that no attack changes its prediction; counts its calls, and refuses to be differentiated. */
function unbeatable(weights: { [modality: string]: tf.Tensor2D }) {
  const margin = linearClassifier(weights);
  const classifier = (inputs: Modalities) => {
    if (tf.engine().state.gradientDepth > 0) throw new Error('differentiated');
    classifier.calls++;
    return tf.tidy(() => {
      const wrong = margin(inputs) as tf.Tensor2D;
      return tf.concat2d([tf.fill(wrong.shape, 1e4), wrong], 1);
    });
  };
  classifier.calls = 0;
  return classifier;
}
const zeros = (rows: number) => tf.zeros<tf.Rank.R1>([rows], 'int32');

describe('square', () => {
  const rows = 3;
  const shape = [rows, 5, 5, 2];
  const weights = { x: normal([50, 1], 1) as tf.Tensor2D };
  const x = uniform(shape, 2);
  const slope = values(weights.x);
  const rises = (result: Modalities) =>
    tf.tidy(() => rowsOf(tf.sub(result.x!, x)).map((d) => d.reduce((sum, v, i) => sum + v * slope[i]!, 0)));

  it.each([
    ['linf', 400, 0.97],
    ['l2', 400, 0.6],
  ] as const)('comes near the optimum of a linear model in %s', async (norm, queries, share) => {
    const attack = square({ x: { norm, epsilon: 0.5 } }, { queries });
    const result = await attack.perturb(unbeatable(weights), { x }, zeros(rows), { seed: 1 });
    const best = 0.5 * lengthOf(dual[norm], slope);
    for (const rise of rises(result)) {
      expect(rise).toBeGreaterThan(share * best);
      expect(rise).toBeLessThan(1.0001 * best);
    }
    // Nothing of the budget is left over.
    for (const d of rowsOf(tf.sub(result.x!, x))) expect(lengthOf(norm, d)).toBeCloseTo(0.5, 5);
  });

  it.each([
    ['linf', 'l2'],
    ['l2', 'linf'],
  ] as const)('does so in two balls at once, %s and %s', async (a, b) => {
    const { inputs, slope, classifier } = linearSetting(3);
    const epsilons = { a: 0.3, b: 0.7 };
    const attack = square(
      { a: { norm: a, epsilon: epsilons.a }, b: { norm: b, epsilon: epsilons.b } },
      { queries: 250 },
    );
    // Far from the boundary, so that no sample is done.
    const labels = zeros(rows);
    const sure: Classifier = (x) => tf.tidy(() => tf.add(classifier(x), [1000, 0]));
    const marginsOf = (x: Modalities) => tf.tidy(() => rowsOf(sure(x)).map(([own, wrong]) => wrong! - own!));
    const result = await attack.perturb(sure, inputs, labels, { seed: 1 });
    const before = marginsOf(inputs);
    for (const [row, margin] of marginsOf(result).entries()) {
      const sign = values(linearSetting(3).labels)[row] === 0 ? 1 : -1;
      const along = (name: 'a' | 'b') => slope(name, row).map((w) => sign * w);
      const best = epsilons.a * lengthOf(dual[a], along('a')) + epsilons.b * lengthOf(dual[b], along('b'));
      expect(margin - before[row]!).toBeGreaterThan(0.75 * best);
    }
  });

  it('moves the mass of a joint l2 ball to the input where it counts', async () => {
    const pair = { a: normal([20, 1], 3, 0.05) as tf.Tensor2D, b: normal([12, 1], 4) as tf.Tensor2D };
    const inputs = { a: normal([2, 10, 2], 5), b: normal([2, 6, 2], 6) };
    const attack = square(jointBall('l2', 1, { a: {}, b: {} }), { queries: 200 });
    const result = await attack.perturb(unbeatable(pair), inputs, zeros(2), { seed: 1 });
    const masses = tf.tidy(() => rowsOf(tf.sub(result.b!, inputs.b)).map((d) => lengthOf('l2', d) ** 2));
    // At the start both have a half; the best split has 0.99 in b.
    for (const mass of masses) expect(mass).toBeGreaterThan(0.9);
  });

  it('treats a joint linf ball as a ball for each input, with radii by scale', async () => {
    const pair = { a: normal([8, 1], 3) as tf.Tensor2D, b: normal([6, 1], 4) as tf.Tensor2D };
    const inputs = { a: normal([2, 8], 5), b: normal([2, 3, 2], 6) };
    const attack = square(jointBall('linf', 1, { a: { scale: 1 / 4 }, b: {} }), { queries: 300 });
    const result = await attack.perturb(unbeatable(pair), inputs, zeros(2), { seed: 1 });
    for (const [name, epsilon] of [
      ['a', 0.25],
      ['b', 1],
    ] as const) {
      const slope = values(pair[name]);
      for (const d of rowsOf(tf.sub(result[name]!, inputs[name]))) {
        const rise = d.reduce((sum, v, i) => sum + v * slope[i]!, 0);
        expect(rise).toBeGreaterThan(0.9 * epsilon * lengthOf('l1', slope));
      }
    }
  });

  it('makes exactly its number of forward passes, and no backward pass', async () => {
    for (const norm of ['linf', 'l2'] as const) {
      const classifier = unbeatable(weights);
      const threat = { x: { norm, epsilon: 0.1 } };
      await square(threat, { queries: 37, restarts: 3 }).perturb(classifier, { x }, zeros(rows));
      expect(classifier.calls).toBe(111);
      await square(threat, { queries: 1 }).perturb(classifier, { x }, zeros(rows));
      expect(classifier.calls).toBe(112);
    }
  });

  it('averages over its EOT samples', async () => {
    const classifier = unbeatable(weights);
    await square({ x: { norm: 'linf', epsilon: 0.1 } }, { queries: 10, eotSamples: 3 }).perturb(
      classifier,
      { x },
      zeros(rows),
    );
    expect(classifier.calls).toBe(30);
    // The mean over 16 calls of a classifier with noise has a quarter of its deviation: fewer samples are fooled by chance.
    const weak = { x: { norm: 'linf' as const, epsilon: 1e-6 } };
    const fooledBy = async (eotSamples: number) => {
      let draw = 0;
      const noisy: Classifier = (given) =>
        tf.tidy(() => {
          const count = given.x!.shape[0]!;
          const noise = tf.slice(tf.randomNormal([64, 1], 0, 1, 'float32', ++draw), 0, [count, 1]);
          return tf.concat([tf.add(noise, 1), tf.zerosLike(noise)], 1);
        });
      const steps: number[] = [];
      const many = { x: tf.zeros([64, 2]) };
      await square(weak, { queries: 10, eotSamples }).perturb(noisy, many, zeros(64), {
        onStep: ({ loss }) => steps.push(values(loss).filter((margin) => margin > 0).length),
      });
      return steps.at(-1)!;
    };
    expect(await fooledBy(16)).toBe(0);
    expect(await fooledBy(1)).toBeGreaterThan(20);
  });

  it('ends when all samples are fooled, and leaves those alone that are', async () => {
    const sure = denseClassifier({ x }, 4, 1, 3);
    const labels = predictionsOf(sure, { x });
    const fooledAt: (number | undefined)[] = Array(rows).fill(undefined);
    const kept: number[][] = [];
    const seen: number[] = [];
    const onStep = ({ step, adversarial, loss }: AttackStep) => {
      seen.push(step);
      const points = rowsOf(adversarial.x!);
      expect(loss.shape).toEqual([rows]);
      for (const [row, margin] of values(loss).entries()) {
        if (fooledAt[row] !== undefined) expect(points[row]).toEqual(kept[row]);
        else if (margin > 0) {
          fooledAt[row] = step;
          kept[row] = points[row]!;
        }
      }
    };
    const attack = square({ x: { norm: 'linf', epsilon: 0.5 } }, { queries: 5000 });
    await attack.perturb(sure, { x }, labels, { seed: 1, onStep });
    expect(fooledAt.every((step) => step !== undefined)).toBe(true);
    const last = seen.at(-1)!;
    expect(last).toBeLessThan(2000);
    expect(last % 10).toBe(0);
    expect(seen).toEqual(Array.from({ length: last - 1 }, (_, i) => i + 2));
  });

  it('never lets the loss of a sample fall', async () => {
    const losses: number[][] = [];
    const attack = square({ x: { norm: 'l2', epsilon: 0.5 } }, { queries: 40, loss: 'cross-entropy' });
    await attack.perturb(unbeatable(weights), { x }, zeros(rows), {
      seed: 1,
      onStep: ({ loss }) => losses.push(values(loss)),
    });
    const margins: number[][] = [];
    const linf = square({ x: { norm: 'linf', epsilon: 0.5 } }, { queries: 40 });
    await linf.perturb(unbeatable(weights), { x }, zeros(rows), {
      seed: 1,
      onStep: ({ loss }) => margins.push(values(loss)),
    });
    for (const steps of [losses, margins]) {
      for (const [i, now] of steps.entries()) {
        for (const [row, loss] of now.entries())
          expect(loss).toBeGreaterThanOrEqual(steps[i - 1]?.[row] ?? -1e9);
      }
    }
    for (const [row, loss] of margins.at(-1)!.entries()) expect(loss).toBeGreaterThan(margins[0]![row]!);
  });

  it('comes near PGD on a small network with 1000 queries', async () => {
    const batch = uniform([30, 4, 4, 3], 7);
    const network = denseClassifier({ x: batch }, 5, 8, 4);
    const labels = predictionsOf(network, { x: batch });
    for (const [norm, epsilon] of [
      ['linf', 0.025],
      ['l2', 0.15],
    ] as const) {
      const threat = { x: { norm, epsilon, range: [0, 1] as [number, number] } };
      const fooled = async (attack: ReturnType<typeof pgd>) => {
        const result = await attack.perturb(network, { x: batch }, labels, { seed: 1 });
        return values(tf.notEqual(predictionsOf(network, result), labels)).filter(Boolean).length;
      };
      const [white, black] = [
        await fooled(pgd(threat, { loss: 'cw' })),
        await fooled(square(threat, { queries: 1000 })),
      ];
      expect(white).toBeGreaterThan(10);
      expect(white).toBeLessThan(30);
      expect(black).toBeGreaterThanOrEqual(0.75 * white);
    }
  });

  it('brings the prediction to the targets', async () => {
    const linear = linearClassifier({ x: normal([50, 4], 3) as tf.Tensor2D });
    const labels = predictionsOf(linear, { x });
    const targets = tf.tidy(() => tf.mod(tf.add(labels, 1), 4)) as tf.Tensor1D;
    const attack = square({ x: { norm: 'linf', epsilon: 0.8 } }, { queries: 500 });
    const result = await attack.perturb(linear, { x }, labels, { targets, seed: 1 });
    expect(values(predictionsOf(linear, result))).toEqual(values(targets));
  });

  it('finds the few places that a mask leaves free', async () => {
    const image = tf.zeros([2, 16, 16, 2]);
    const mask = onlyPatch({ top: 12, left: 5, height: 3, width: 2 });
    const slope = { x: normal([512, 1], 4) as tf.Tensor2D };
    for (const norm of ['linf', 'l2'] as const) {
      const attack = square({ x: { norm, epsilon: 1, mask } }, { queries: 120 });
      const result = await attack.perturb(unbeatable(slope), { x: image }, zeros(2), { seed: 1 });
      const free = values(tf.mul(mask(image), tf.ones([1, 16, 16, 2])));
      const own = values(slope.x).map((w, i) => w * free[i]!);
      for (const d of rowsOf(result.x!)) {
        const rise = d.reduce((sum, v, i) => sum + v * own[i]!, 0);
        expect(rise).toBeGreaterThan((norm === 'linf' ? 0.95 : 0.6) * lengthOf(dual[norm], own));
      }
    }
  });

  it('keeps the best of its restarts', async () => {
    const threat = { x: { norm: 'linf', epsilon: 0.3 } as Budget };
    const rise = async (options: SquareOptions, seed: number) =>
      rises(await square(threat, options).perturb(unbeatable(weights), { x }, zeros(rows), { seed }));
    const one = await rise({ queries: 5 }, 2);
    const many = await rise({ queries: 5, restarts: 6 }, 2);
    // The first restart of both is the same.
    for (const [row, value] of many.entries()) expect(value).toBeGreaterThanOrEqual(one[row]!);
    expect(many.some((value, row) => value > one[row]! + 1e-3)).toBe(true);
  });

  it('lets blocks span the axes that are not named', async () => {
    const clip = tf.zeros([2, 4, 6, 2]);
    const slope = { x: normal([48, 1], 4) as tf.Tensor2D };
    const attack = square({ x: { norm: 'linf', epsilon: 1 } }, { queries: 60, axes: { x: [2] } });
    const { x: moved } = await attack.perturb(unbeatable(slope), { x: clip }, zeros(2), { seed: 1 });
    const frames = tf.unstack(moved!, 1).map(values);
    for (const frame of frames) expect(frame).toEqual(frames[0]);
    expect(new Set(frames[0]).size).toBe(2);
  });

  it('halves the share of places as published, whatever the number of queries', () => {
    const halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];
    for (const [i, at] of halvings.entries()) {
      expect(shareOf(at, 10_000, 0.8)).toBe(0.8 / 2 ** i);
      expect(shareOf(at + 1, 10_000, 0.8)).toBe(0.8 / 2 ** (i + 1));
      expect(shareOf(at / 2 + 1, 5000, 0.3)).toBe(0.3 / 2 ** (i + 1));
    }
  });

  it('refuses l1 balls, and options outside their values', () => {
    const linf = { x: { norm: 'linf', epsilon: 1 } } as const;
    expect(() => square({ ...linf, y: { norm: 'l1', epsilon: 1 } })).toThrow(ThreatModelError);
    expect(() => square({ ...linf, y: { norm: 'l1', epsilon: 1 } })).toThrow(
      /threatModel\.y\.norm: got 'l1'; expected 'linf' or 'l2'/,
    );
    for (const options of [{ queries: 0 }, { restarts: 1.5 }, { initialShare: 0 }, { initialShare: 1.1 }]) {
      expect(() => square(linf, options)).toThrow(AttackOptionsError);
      expect(() => square(linf, options)).toThrow(`square.${Object.keys(options)[0]!}: got `);
    }
    expect(() => square(linf, { axes: { y: [1] } })).toThrow(
      /square\.axes\.y: got an unknown option; expected x/,
    );
  });

  it('leaves no tensor behind when it fails or is stopped', async () => {
    const linf = { x: { norm: 'linf', epsilon: 1 } } as const;
    const classifier = unbeatable(weights);
    const labels = zeros(rows);
    const controller = new AbortController();
    const onStep = ({ step }: AttackStep) => {
      if (step === 5) controller.abort(new Error('enough'));
    };
    await expectCleanFailure(
      () => square(linf).perturb(classifier, { x }, labels, { onStep, signal: controller.signal }),
      /enough/,
    );
    await expectCleanFailure(
      () => square(linf, { axes: { x: [5] } }).perturb(classifier, { x }, labels),
      /square\.axes\.x: got \[5\]/,
    );
  });
});
