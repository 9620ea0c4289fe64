import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { predictionsOf, rowsOf, values } from '@amr/testing/attacks/models';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { classifierOf } from '../classifier/classifierOf.js';
import { AttackInputError, AttackOptionsError } from '../errors.js';
import { type AdaptiveLossOptions, adaptiveLoss } from './adaptiveLoss.js';
import type { LossInputs } from './attackLoss.js';
import { logOdds } from './crossEntropy.js';
import { modalityMisalignment } from './modalityMisalignment.js';
import { sumOfLosses } from './sumOfLosses.js';
import { temporalInvariance } from './temporalInvariance.js';

const heads = { rgb: 'rgbLogits', skeleton: 'skeletonLogits' };
const inputs = gatedInputs(4);

/** A model, its predictions, and the arguments of a loss at a point. */
function subject(options: Parameters<typeof gatedModel>[0] = {}) {
  const classifier = classifierOf(gatedModel(options));
  const labels = predictionsOf(classifier, inputs);
  const seenAt = (point: typeof inputs): LossInputs => {
    const { logits, values: observed } = classifier.observe!(point, [...Object.values(heads), 'weights']);
    return { logits, labels, inputs: point, clean: inputs, observed, observedClean: {} };
  };
  return { classifier, labels, seenAt };
}

describe('adaptiveLoss', () => {
  it('adds the heads and the log-odds of the modality whose head is most wrong', () => {
    const { seenAt } = subject();
    for (const targets of [undefined, tf.tensor1d([4, 3, 2, 1], 'int32')]) {
      const seen = { ...seenAt(inputs), targets };
      const maximised = (z: tf.Tensor) =>
        values(targets ? tf.neg(logOdds(z as tf.Tensor2D, targets)) : logOdds(z as tf.Tensor2D, seen.labels));
      const [fused, rgb, skeleton] = [
        seen.logits,
        seen.observed.rgbLogits!,
        seen.observed.skeletonLogits!,
      ].map(maximised) as [number[], number[], number[]];
      const weights = rowsOf(seen.observed.weights!);
      const got = values(adaptiveLoss({ heads, gate: 'weights', lambda: 2, mu: 0.5 }).compute(seen));
      const chosen = got.map((value, row) => {
        const [a, b] = weights[row] as [number, number];
        const way = rgb[row]! >= skeleton[row]! ? 1 : -1;
        const expected = fused[row]! + 2 * (rgb[row]! + skeleton[row]!) + 0.5 * way * Math.log(a / b);
        expect(value).toBeCloseTo(expected, 4);
        return way;
      });
      // Rows choose different modalities, so the test covers both.
      expect(new Set(chosen).size).toBe(2);
      const fixed = values(
        adaptiveLoss({ heads, gate: ['weights', 'weights'], lambda: 0, towards: 'skeleton' }).compute(seen),
      );
      fixed.forEach((value, row) => {
        const [a, b] = weights[row] as [number, number];
        expect(value).toBeCloseTo(fused[row]! + Math.log(b / a), 4);
      });
    }
  });

  it('has the gradient of finite differences', () => {
    const { seenAt } = subject();
    const { compute } = adaptiveLoss({ heads, gate: 'weights', loss: 'cw' });
    expectSlopes((skeleton) => compute(seenAt({ ...inputs, skeleton })), inputs.skeleton!, 1e-3);
  });

  it('averages the columns of each modality', () => {
    const seen = {
      ...subject().seenAt(inputs),
      observed: {
        rgbLogits: tf.zeros([4, 5]),
        skeletonLogits: tf.zeros([4, 5]),
        gates: tf.tile(tf.tensor2d([[0.2, 0.4, 0.6, 0.1, 0.3]]), [4, 1]),
      },
    };
    const options = { heads, gate: 'gates', channels: [3, 2], lambda: 0, towards: 'rgb' };
    const got = values(adaptiveLoss(options).compute(seen));
    const fused = values(logOdds(seen.logits, seen.labels));
    got.forEach((value, row) => {
      expect(value).toBeCloseTo(fused[row]! + Math.log(0.4 / 0.2), 4);
    });
  });

  it('has a gradient with respect to an input that a saturated gate has shut out', async () => {
    const { classifier, seenAt } = subject({ sharpness: 150, gain: 60 });
    const seen = seenAt(inputs);
    // The gate has closed on the skeleton in all rows; a weight below 1e-35 would count as 1e-35.
    for (const [, weight] of rowsOf(seen.observed.weights!)) {
      expect(weight).toBeLessThan(1e-20);
      expect(weight).toBeGreaterThan(1e-35);
    }
    const slopes = (lambda: number, mu: number) => {
      const { compute } = adaptiveLoss({ heads, gate: 'weights', lambda, mu, towards: 'skeleton' });
      const gradient = tf.grad((skeleton) => compute(seenAt({ ...inputs, skeleton })))(inputs.skeleton!);
      return rowsOf(gradient).map((row) => Math.max(...row.map(Math.abs)));
    };
    // The fused logits' gradient has vanished; the heads' and the gate's have not.
    expect(Math.max(...slopes(0, 0))).toBeLessThan(1e-15);
    expect(Math.min(...slopes(1, 0))).toBeGreaterThan(0.1);
    expect(Math.min(...slopes(0, 1))).toBeGreaterThan(0.1);
    const loss = adaptiveLoss({ heads, gate: 'weights' });
    const before = tf.memory().numTensors;
    const result = await pgd({ skeleton: { norm: 'linf', epsilon: 0.2 } }, { loss }).perturb(
      classifier,
      inputs,
      seen.labels,
    );
    expect(tf.memory().numTensors - before).toBe(2);
    expect(values(result.skeleton!).every(Number.isFinite)).toBe(true);
  });

  it('makes pgd open the gate and mislead the heads', async () => {
    const { classifier, labels, seenAt } = subject();
    const parts = async (options: Partial<AdaptiveLossOptions>) => {
      const loss = adaptiveLoss({ heads, gate: 'weights', towards: 'rgb', ...options });
      const attack = pgd({ rgb: { norm: 'linf', epsilon: 0.3 } }, { loss, steps: 10 });
      const { observed } = seenAt(await attack.perturb(classifier, inputs, labels));
      const sum = (x: tf.Tensor) => values(tf.sum(x))[0]!;
      return {
        head: sum(logOdds(observed.rgbLogits as tf.Tensor2D, labels)),
        gate: sum(tf.slice(observed.weights!, [0, 0], [-1, 1])),
      };
    };
    const plain = await parts({ lambda: 0, mu: 0 });
    expect((await parts({ lambda: 20, mu: 0 })).head).toBeGreaterThan(plain.head + 0.01);
    expect((await parts({ lambda: 0, mu: 20 })).gate).toBeGreaterThan(plain.gate + 0.01);
  });

  it('treats a sample alone as in a batch, together with losses of features', async () => {
    const { classifier, labels } = subject();
    const features = { rgb: 'rgbFeatures', skeleton: 'skeletonFeatures' };
    const loss = sumOfLosses([
      { loss: adaptiveLoss({ heads, gate: 'weights', loss: 'cw' }) },
      { loss: modalityMisalignment({ features, loss: temporalInvariance({ features }) }), weight: 0.5 },
    ]);
    const attack = pgd({ rgb: { norm: 'l2', epsilon: 0.5 } }, { loss, steps: 5 });
    const batch = rowsOf((await attack.perturb(classifier, inputs, labels)).rgb!);
    for (const [row, expected] of batch.entries()) {
      const one = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, tf.slice(x, row, 1)]));
      const result = await attack.perturb(classifier, one, tf.slice(labels, row, 1));
      values(result.rgb!).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 5);
      });
    }
  });

  it('refuses options and outputs that are not valid', async () => {
    const { classifier, labels } = subject();
    const gate = 'weights';
    const refused: [AdaptiveLossOptions, RegExp][] = [
      [{ heads: {} }, /^adaptiveLoss\.heads: got an object with \[\]/],
      [
        { heads: { rgb: 'rgbLogits' }, gate },
        /^adaptiveLoss\.heads: .*; expected two modalities or more for the gate 'weights'/,
      ],
      [
        { heads, gate, towards: 'audio' },
        /^adaptiveLoss\.towards: got 'audio'; expected one of rgb, skeleton\.$/,
      ],
      [{ heads, gate, channels: [1] }, /^adaptiveLoss\.channels: got \[1\]/],
      [{ heads, gate, channels: [1, 0] }, /^adaptiveLoss\.channels: got \[1, 0\]/],
      [{ heads, lambda: -1 }, /^adaptiveLoss\.lambda: got -1/],
      [{ heads, mu: Number.NaN }, /^adaptiveLoss\.mu: got NaN/],
      [{ heads, gates: gate } as never, /^adaptiveLoss\.gates: .*; expected gate\. Rename it\.$/],
    ];
    for (const [options, message] of refused) {
      expect(() => adaptiveLoss(options)).toThrow(AttackOptionsError);
      expect(() => adaptiveLoss(options)).toThrow(message);
    }
    const before = tf.memory().numTensors;
    // A layer's name stands for its first output: the features, when the weights are no output of the model.
    const loss = adaptiveLoss({ heads, gate: 'gate' });
    const failed = pgd({ rgb: { norm: 'linf', epsilon: 0.1 } }, { loss }).perturb(classifier, inputs, labels);
    await expect(failed).rejects.toThrow(AttackInputError);
    await expect(failed).rejects.toThrow(
      /^The weights of the gate 'gate': got a tensor of shape \[4, 6\]; expected .* \[4, 2\]/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
