import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { predictionsOf, values } from '@amr/testing/attacks/models';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { classifierOf } from '../classifier/classifierOf.js';
import { AttackInputError, AttackOptionsError } from '../errors.js';
import type { LossInputs } from './attackLoss.js';
import { logOdds } from './crossEntropy.js';
import { temporalVariation } from './features/temporalVariation.js';
import { type TemporalInvarianceOptions, temporalInvariance } from './temporalInvariance.js';

const features = { rgb: 'rgbFeatures', skeleton: { name: 'skeletonFeatures', axis: 2 } };
const classifier = classifierOf(gatedModel());
const inputs = gatedInputs(4);
const labels = predictionsOf(classifier, inputs);

function seenAt(point: typeof inputs): LossInputs {
  const { logits, values: observed } = classifier.observe!(point, ['rgbFeatures', 'skeletonFeatures']);
  return { logits, labels, inputs: point, clean: inputs, observed, observedClean: {} };
}

describe('temporalInvariance', () => {
  it('subtracts the weighted mean variation of the modalities from the loss', () => {
    const seen = seenAt(inputs);
    const { compute, observed } = temporalInvariance({ features, weight: 3 });
    expect(observed).toEqual(['rgbFeatures', 'skeletonFeatures']);
    const parts = [
      logOdds(seen.logits, labels),
      temporalVariation(seen.observed.rgbFeatures!, 1),
      temporalVariation(seen.observed.skeletonFeatures!, 2),
    ].map(values);
    values(compute(seen)).forEach((value, row) => {
      const [loss, rgb, skeleton] = parts.map((part) => part[row]!) as [number, number, number];
      expect(value).toBeCloseTo(loss - 1.5 * (rgb + skeleton), 4);
    });
  });

  it('has the gradient of finite differences', () => {
    const { compute } = temporalInvariance({ features, weight: 2 });
    expectSlopes((skeleton) => compute(seenAt({ ...inputs, skeleton })), inputs.skeleton!);
  });

  it('makes pgd find points that vary less from segment to segment, or more with a weight below 0', async () => {
    const variation = async (weight: number) => {
      const loss = temporalInvariance({ features, weight });
      const attack = pgd({ skeleton: { norm: 'linf', epsilon: 0.3 } }, { loss, steps: 10 });
      const result = await attack.perturb(classifier, inputs, labels);
      return values(tf.tidy(() => temporalVariation(seenAt(result).observed.skeletonFeatures!, 2)));
    };
    const [less, plain, more] = [await variation(40), await variation(0), await variation(-40)];
    plain.forEach((value, row) => {
      expect(less[row]).toBeLessThan(value);
      expect(more[row]).toBeGreaterThan(value);
    });
  });

  it('refuses features without time, and options outside their values', async () => {
    const attack = (named: TemporalInvarianceOptions['features']) =>
      pgd(
        { skeleton: { norm: 'linf', epsilon: 0.1 } },
        { loss: temporalInvariance({ features: named }) },
      ).perturb(classifier, inputs, labels);
    const before = tf.memory().numTensors;
    await expect(attack({ rgb: 'rgbLogits' })).rejects.toThrow(
      /^The inner value 'rgbLogits': got .*; expected \[batch, \.\.\., channels\]/,
    );
    await expect(attack({ rgb: { name: 'rgbFeatures', axis: 3 } })).rejects.toThrow(AttackInputError);
    await expect(attack({ rgb: 'features' })).rejects.toThrow(
      /^The inner value that the loss needs: got '.*'; expected an output of the model, .* or a layer,/,
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(() => temporalInvariance({ features: {} })).toThrow(AttackOptionsError);
    expect(() => temporalInvariance({ features: {} })).toThrow(
      /^temporalInvariance\.features: .*; expected the features of one modality or more\.$/,
    );
    expect(() => temporalInvariance({ features, weight: Number.NaN })).toThrow(AttackOptionsError);
    expect(() => temporalInvariance({ features, wieght: 1 } as never)).toThrow(
      /^temporalInvariance\.wieght: .*; expected weight\. Rename it\.$/,
    );
    expect(() => temporalInvariance({ features: { rgb: { name: 'a', axes: 1 } as never } })).toThrow(
      /^temporalInvariance\.features\.rgb\.axes: .*; expected axis\. Rename it\.$/,
    );
  });
});
