import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { denseClassifier, normal, predictionsOf, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alternating } from '../attacks/alternating.js';
import { apgd } from '../attacks/apgd/apgd.js';
import { autoAttack } from '../attacks/autoAttack/autoAttack.js';
import { cw } from '../attacks/cw/cw.js';
import { deepfool } from '../attacks/deepfool.js';
import { fab } from '../attacks/fab.js';
import { mifgsm } from '../attacks/mifgsm.js';
import { noise } from '../attacks/noise.js';
import { pgd } from '../attacks/pgd.js';
import { square } from '../attacks/square/square.js';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { classifierOf } from '../classifier/classifierOf.js';
import { robustnessCurve } from '../evaluation/robustnessCurve.js';
import { boneLengths } from '../threatModel/constraints/boneLengths.js';
import type { Budget, ThreatModel } from '../threatModel/threatModel.js';
import type { Attack, PerturbOptions } from './attack.js';

const ROWS = 9;
const shape = [ROWS, 2, 3];

/** Attacks, with the norm they are tried in. */
const attacks: [string, Budget['norm'], (threatModel: ThreatModel) => Attack][] = [
  ['pgd', 'linf', (t) => pgd(t, { steps: 12 })],
  ['pgd in l2 with restarts', 'l2', (t) => pgd(t, { steps: 6, restarts: 3 })],
  ['pgd in l1', 'l1', (t) => pgd(t, { steps: 12 })],
  ['mifgsm', 'linf', (t) => mifgsm(t, { steps: 12 })],
  ['alternating', 'linf', (t) => alternating(t, { steps: 12 })],
  ['apgd', 'linf', (t) => apgd(t, { steps: 12, restarts: 2 })],
  ['apgd towards classes', 'l2', (t) => apgd(t, { steps: 8, targetClasses: 3, loss: 'dlr' })],
  ['apgd in l1', 'l1', (t) => apgd(t, { steps: 20 })],
  ['cw', 'l2', (t) => cw(t, { steps: 12, binarySearchSteps: 3, initialConstant: 1, learningRate: 0.1 })],
  ['deepfool', 'l2', (t) => deepfool(t, { steps: 11 })],
  ['fab', 'linf', (t) => fab(t, { steps: 6, restarts: 2, targetClasses: 2 })],
  ['square', 'linf', (t) => square(t, { queries: 45, restarts: 2 })],
  ['square in l2', 'l2', (t) => square(t, { queries: 45 })],
  ['noise', 'linf', (t) => noise(t, { repeats: 8 })],
];

/** A classifier that notes how many rows it is called with. */
function counting(classifier: Classifier): Classifier & { sizes: number[] } {
  const sizes: number[] = [];
  const counted: Classifier = (inputs) => {
    sizes.push(Object.values(inputs)[0]!.shape[0]!);
    return classifier(inputs);
  };
  return Object.assign(counted, { sizes });
}

function settingOf(seed: number, norm: Budget['norm'], masked: boolean) {
  const inputs = { a: uniform(shape, seed), b: normal([ROWS, 4], seed + 1) };
  const classifier = denseClassifier(inputs, 5, seed + 2, 3);
  const labels = predictionsOf(classifier, inputs);
  // Each row its own, so that some are fooled at once, some later and some not at all.
  const unit = { linf: 0.06, l2: 0.12, l1: 0.25 }[norm];
  const epsilon = tf.tensor1d(Array.from({ length: ROWS }, (_, row) => unit * 1.6 ** ((row * 4) % 9)));
  const mask = masked
    ? (tf.cast(tf.greater(uniform(shape, seed + 3), 0.2), 'float32') as tf.Tensor)
    : undefined;
  const threatModel: ThreatModel = { a: { norm, epsilon, range: [0, 1], ...(mask && { mask }) } };
  return { inputs, classifier, labels, threatModel, epsilon, mask };
}

const settings = fc.record({ seed: fc.nat(10_000), masked: fc.boolean() });
const pick = <T extends tf.Tensor>(x: T, row: number) => tf.slice(x, row, 1) as T;

function fooledBy(classifier: Classifier, result: Modalities, labels: tf.Tensor1D): boolean[] {
  const predicted = values(predictionsOf(classifier, result));
  return values(labels).map((label, row) => predicted[row] !== label);
}

describe.each(attacks)('%s that stops when a sample is fooled', (_, norm, make) => {
  it('fools every sample that it fools otherwise', () =>
    fc.assert(
      fc.asyncProperty(settings, async ({ seed, masked }) => {
        const { inputs, classifier, labels, threatModel } = settingOf(seed, norm, masked);
        const attack = make(threatModel);
        const [without, stopping] = [
          await attack.perturb(classifier, inputs, labels, { seed }),
          await attack.perturb(classifier, inputs, labels, { seed, stopWhenFooled: true }),
        ];
        const now = fooledBy(classifier, stopping, labels);
        for (const [row, fooled] of fooledBy(classifier, without, labels).entries()) {
          if (fooled) expect(now[row]).toBe(true);
        }
      }),
      { numRuns: 6 },
    ));

  it('gives a sample of a batch that shrinks what it gives it alone', () =>
    fc.assert(
      fc.asyncProperty(settings, async ({ seed, masked }) => {
        const { inputs, classifier, labels, threatModel, epsilon, mask } = settingOf(seed, norm, masked);
        const options: PerturbOptions = { seed, stopWhenFooled: true };
        const whole = await make(threatModel).perturb(classifier, inputs, labels, options);
        const [rows, others] = [rowsOf(whole.a!), rowsOf(whole.b!)];
        expect(others).toEqual(rowsOf(inputs.b));
        for (let row = 0; row < ROWS; row++) {
          const budget = { ...(threatModel as { a: Budget }).a, epsilon: pick(epsilon, row) };
          const own = { a: mask ? { ...budget, mask: pick(mask, row) } : budget };
          const one = { a: pick(inputs.a, row), b: pick(inputs.b, row) };
          const alone = await make(own).perturb(classifier, one, pick(labels, row), {
            ...options,
            rows: [row],
          });
          for (const [i, value] of values(alone.a!).entries()) expect(rows[row]![i]).toBeCloseTo(value, 5);
        }
      }),
      { numRuns: 4 },
    ));

  it('calls the classifier with fewer and fewer samples, and leaks nothing, also when it is stopped', async () => {
    const { inputs, classifier, labels, threatModel } = settingOf(3, norm, true);
    const seen = counting(classifier);
    const attack = make(threatModel);
    const before = tf.memory().numTensors;
    const options: PerturbOptions = { seed: 1, stopWhenFooled: true };
    let last: number[] = [];
    const result = await attack.perturb(seen, inputs, labels, {
      ...options,
      onStep: ({ adversarial, loss }) => {
        expect(loss.shape).toEqual([ROWS]);
        last = values(adversarial.a!);
      },
    });
    expect(Math.max(...seen.sizes)).toBe(ROWS);
    expect(Math.min(...seen.sizes)).toBeLessThan(ROWS);
    expect(tf.memory().numTensors - before).toBe(2);
    expect(last.length).toBe(values(result.a!).length);
    tf.dispose(result);

    const controller = new AbortController();
    const stopped = attack.perturb(
      (x) => {
        if (Object.values(x)[0]!.shape[0]! < ROWS) controller.abort();
        return classifier(x);
      },
      inputs,
      labels,
      { ...options, signal: controller.signal },
    );
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    const failing = attack.perturb(
      (x) => {
        if (Object.values(x)[0]!.shape[0]! < ROWS) throw new Error('enough');
        return classifier(x);
      },
      inputs,
      labels,
      options,
    );
    await expect(failing).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('an attack that stops when a sample is fooled', () => {
  it('returns the first point that fools, and the clean input where that does', async () => {
    const classifier: Classifier = ({ x }) =>
      tf.tidy(() => tf.stack([x!, tf.onesLike(x!)], 1)) as tf.Tensor2D;
    const attack = pgd({ x: { norm: 'linf', epsilon: 1, stepSize: 0.25 } }, { steps: 8 });
    const labels = tf.tensor1d([0, 0, 0, 0], 'int32');
    const x = tf.tensor1d([0.5, 1.3, 1.6, 3]);
    const result = await attack.perturb(classifier, { x }, labels, { stopWhenFooled: true });
    [0.5, 0.8, 0.85, 2].forEach((value, row) => {
      expect(values(result.x!)[row]).toBeCloseTo(value, 5);
    });
  });

  it('reports every sample, those that have left where they left', async () => {
    const { inputs, classifier, labels, threatModel } = settingOf(5, 'linf', false);
    const steps: number[][][] = [];
    const result = await pgd(threatModel, { steps: 12 }).perturb(classifier, inputs, labels, {
      stopWhenFooled: true,
      onStep: ({ adversarial }) => steps.push(rowsOf(adversarial.a!)),
    });
    expect(steps.at(-1)).toEqual(rowsOf(result.a!));
    // A sample that has come to rest never moves again.
    const final = rowsOf(result.a!);
    for (let row = 0; row < ROWS; row++) {
      const rests = steps.findIndex((points, i) => i > 0 && `${points[row]}` === `${steps[i - 1]![row]}`);
      if (rests > 0 && fooledBy(classifier, result, labels)[row])
        expect(steps[rests]![row]).toEqual(final[row]);
    }
  });

  it('keeps all samples to the end by default', async () => {
    const { inputs, classifier, labels, threatModel } = settingOf(3, 'linf', false);
    const seen = counting(classifier);
    await pgd(threatModel, { steps: 6 }).perturb(seen, inputs, labels);
    expect(seen.sizes).toEqual(Array(6).fill(ROWS));
  });

  it('heeds targets, and constraints of the samples that are left', async () => {
    const inputs = { a: normal([ROWS, 1, 3, 4, 3], 1) };
    const classifier = denseClassifier(inputs, 5, 2, 3);
    const labels = predictionsOf(classifier, inputs);
    const targets = tf.tidy(() => tf.cast(tf.mod(tf.add(labels, 1), 5), 'int32') as tf.Tensor1D);
    const edges: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, 3],
    ];
    const rule = boneLengths({ edges });
    const attack = pgd({ a: { norm: 'linf', epsilon: 0.6, constraints: [rule] } }, { steps: 16 });
    const seen = counting(classifier);
    const result = await attack.perturb(seen, inputs, labels, { targets, stopWhenFooled: true });
    expect(Math.min(...seen.sizes)).toBeLessThan(ROWS);
    expect(values(rule.holds!(result.a!, inputs.a))).toEqual(Array(ROWS).fill(1));
    const reached = values(predictionsOf(classifier, result)).filter((y, row) => y === values(targets)[row]);
    expect(reached.length).toBeGreaterThan(ROWS / 4);
  });

  it('takes what a branch that is left alone has computed along, and computes it once', async () => {
    const model = gatedModel({ gain: 4 });
    const classifier = classifierOf(model);
    const inputs = gatedInputs(8);
    const labels = predictionsOf(classifier, inputs);
    const epsilon = tf.tensor1d([1, 0.01, 1, 0.01, 1, 0.01, 1, 0.01]);
    const attack = pgd({ rgb: { norm: 'linf', epsilon } }, { steps: 12 });
    const layer = model.getLayer('skeletonFeatures');
    const [calls, sizes]: [number[], number[]] = [[], []];
    const call = layer.call.bind(layer);
    layer.call = (x, kwargs) => {
      calls.push([x].flat()[0]!.shape[0]!);
      return call(x, kwargs);
    };
    const before = tf.memory().numTensors;
    const result = await attack.perturb(
      Object.assign((x: Modalities) => classifier(x), {
        frozen: (x: Modalities, names: string[]) => {
          const frozen = classifier.frozen!(x, names);
          const noting = (one: typeof frozen): typeof frozen =>
            Object.assign(
              (moved: Modalities) => {
                sizes.push(moved.rgb!.shape[0]!);
                return one(moved);
              },
              { dispose: one.dispose, take: (rows: tf.Tensor1D) => noting(one.take!(rows)) },
            );
          return noting(frozen);
        },
      }),
      inputs,
      labels,
      { stopWhenFooled: true },
    );
    expect(tf.memory().numTensors - before).toBe(2);
    expect(calls).toEqual([8]);
    expect(Math.min(...sizes)).toBeLessThan(8);
    layer.call = call;
    const plain = await attack.perturb((x) => classifier(x), inputs, labels, { stopWhenFooled: true });
    const other = values(plain.rgb!);
    for (const [i, value] of values(result.rgb!).entries()) expect(value).toBeCloseTo(other[i]!, 5);
  });

  it('is what ensembles and curves run on request, with no sample less fooled', async () => {
    const { inputs, classifier, labels, threatModel } = settingOf(8, 'linf', false);
    const members = {
      apgd: (own: ThreatModel) => apgd(own, { steps: 8 }),
      pgd: (own: ThreatModel) => pgd(own),
    };
    const both = [];
    for (const stopWhenFooled of [false, true]) {
      const seen = counting(classifier);
      const found = await autoAttack(threatModel, { attacks: members }).search(seen, inputs, labels, {
        seed: 2,
        stopWhenFooled,
      });
      const curve = await robustnessCurve(classifier, inputs, labels, {
        threatModel,
        seed: 2,
        stopWhenFooled,
      });
      both.push({ fooledBy: found.fooledBy, curve: curve.fooled, work: seen.sizes.reduce((a, b) => a + b) });
    }
    const [without, stopping] = both as [(typeof both)[0], (typeof both)[0]];
    expect(stopping.work).toBeLessThan(without.work);
    without.fooledBy.forEach((name, row) => {
      if (name) expect(stopping.fooledBy[row]).toBeDefined();
    });
    without.curve.forEach((flags, i) => {
      flags.forEach((flag, row) => {
        if (flag) expect(stopping.curve[i]![row]).toBe(true);
      });
    });
  });

  it('names the modality whose gradient is not finite after samples have left', async () => {
    const x = tf.tensor1d([0.1, 0.1, 0.1, 1.2, 1.2, 1.2]);
    // The root has no slope at 0, where rows that begin at 1.2 come after four steps; the others are wrong at once.
    const sizes: number[] = [];
    const classifier: Classifier = ({ x }) => {
      sizes.push(x!.shape[0]!);
      return tf.tidy(() => tf.stack([tf.sqrt(tf.relu(x!)), tf.fill(x!.shape, 0.5)], 1)) as tf.Tensor2D;
    };
    const attack = pgd({ x: { norm: 'linf', epsilon: 2, stepSize: 0.3, range: [0, 2] } }, { steps: 12 });
    const labels = tf.zeros([6], 'int32') as tf.Tensor1D;
    const before = tf.memory().numTensors;
    const run = attack.perturb(classifier, { x }, labels, { stopWhenFooled: true });
    await expect(run).rejects.toThrow(
      /gradient of 'x': got NaN or infinite entries in sample 3, 4, 5 of the batch, first in step 5 of restart 1/,
    );
    expect([sizes[0], sizes.at(-1)]).toEqual([6, 3]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
