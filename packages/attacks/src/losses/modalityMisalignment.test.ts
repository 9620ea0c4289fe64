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
import { cosineSimilarity } from './features/cosineSimilarity.js';
import { poolExcept } from './features/poolExcept.js';
import { type ModalityMisalignmentOptions, modalityMisalignment } from './modalityMisalignment.js';

const features = { rgb: 'rgbFeatures', skeleton: 'skeletonFeatures' };
const model = gatedModel();
const classifier = classifierOf(model);
const inputs = gatedInputs(4);
const labels = predictionsOf(classifier, inputs);

/** The arguments of a loss at a point. */
function seenAt(point: typeof inputs, names: readonly string[] = Object.values(features)): LossInputs {
  const { logits, values: observed } = classifier.observe!(point, names);
  const observedClean = classifier.observe!(inputs, names).values;
  return { logits, labels, inputs: point, clean: inputs, observed, observedClean };
}

describe('modalityMisalignment', () => {
  it('subtracts a weighted cosine of pooled features from the loss', () => {
    const row = (...entries: number[]) => tf.tensor(entries, [1, entries.length / 2, 2]);
    const seen = {
      logits: tf.tensor2d([[1, 0]]),
      labels: tf.tensor1d([0], 'int32'),
      inputs: {},
      clean: {},
      // Means [1, 0], [1, 1] and [0, 1]: cosines 0.7071, 0, 0.7071.
      observed: { a: row(2, -1, 0, 1), b: row(3, 3), c: row(0, 2) },
      observedClean: { a: row(0, 1), b: row(2, 2), c: row(0, 7) },
    };
    const named = { features: { a: 'a', b: 'b', c: 'c' }, weight: 3 };
    const [pairs] = values(modalityMisalignment(named).compute(seen));
    expect(pairs).toBeCloseTo(-1 - 3 * ((2 * Math.SQRT1_2) / 3), 5);
    const [clean] = values(modalityMisalignment({ ...named, against: 'clean', loss: 'cw' }).compute(seen));
    expect(clean).toBeCloseTo(-1 - 3 * (2 / 3), 5);
  });

  it.each(['each other', 'clean'] as const)(
    'has the gradient of finite differences: against %s',
    (against) => {
      const { compute } = modalityMisalignment({ features, against, weight: 2 });
      // At the clean input the similarity to it has its maximum, so another point is used.
      const rgb = tf.add(inputs.rgb!, 0.3);
      expectSlopes((x) => compute(seenAt({ ...inputs, rgb: x })), rgb);
      const without = modalityMisalignment({ features, against, weight: 0 });
      const slope = (f: typeof compute) => values(tf.grad((x) => f(seenAt({ ...inputs, rgb: x })))(rgb));
      expect(slope(compute)).not.toEqual(slope(without.compute));
    },
  );

  it.each(['each other', 'clean'] as const)('makes pgd drive features apart: %s', async (against) => {
    const similarity = async (weight: number) => {
      const loss = modalityMisalignment({ features, against, weight });
      const threat = { rgb: { norm: 'linf' as const, epsilon: 0.4, range: [0, 1] as [number, number] } };
      const before = tf.memory().numTensors;
      const result = await pgd(threat, { loss, steps: 10 }).perturb(classifier, inputs, labels);
      expect(tf.memory().numTensors - before).toBe(2);
      return tf.tidy(() => {
        const { observed, observedClean } = seenAt(result);
        const now = poolExcept(observed.rgbFeatures!);
        const other = against === 'clean' ? observedClean.rgbFeatures! : observed.skeletonFeatures!;
        return values(cosineSimilarity(now, poolExcept(other)));
      });
    };
    const [plain, apart] = [await similarity(0), await similarity(20)];
    apart.forEach((value, row) => {
      expect(value).toBeLessThanOrEqual(plain[row]! + 1e-5);
    });
    expect(apart.reduce((a, b) => a + b)).toBeLessThan(plain.reduce((a, b) => a + b) - 0.05);
  });

  it('with weight 0 is the loss, also with targets', () => {
    const seen = seenAt(inputs);
    const targets = tf.tensor1d([4, 3, 2, 1], 'int32');
    const { compute } = modalityMisalignment({ features, weight: 0 });
    expect(values(compute(seen))).toEqual(values(logOdds(seen.logits, labels)));
    expect(values(compute({ ...seen, targets }))).toEqual(values(tf.neg(logOdds(seen.logits, targets))));
  });

  it('refuses features that can not be compared, and options that are not valid', async () => {
    const wide = classifierOf(gatedModel({ channels: 7 }));
    const attack = (options: ModalityMisalignmentOptions) =>
      pgd({ rgb: { norm: 'linf', epsilon: 0.1 } }, { loss: modalityMisalignment(options), steps: 2 });
    const before = tf.memory().numTensors;
    const failed = attack({ features }).perturb(wide, inputs, labels);
    await expect(failed).rejects.toThrow(AttackInputError);
    await expect(failed).rejects.toThrow(
      /^Channels of the features .*: got \[6, 7\]; expected equal numbers/,
    );
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(await attack({ features, against: 'clean' }).perturb(wide, inputs, labels));
    const heads = { rgb: 'rgbLogits', skeleton: 'skeletonLogits' };
    tf.dispose(await attack({ features: heads }).perturb(wide, inputs, labels));

    expect(() => modalityMisalignment({ features: { rgb: 'rgbFeatures' } })).toThrow(AttackOptionsError);
    expect(() => modalityMisalignment({ features: { rgb: 'rgbFeatures' } })).toThrow(
      /^modalityMisalignment\.features: .*; expected the features of 2 or more modalities\.$/,
    );
    expect(() => modalityMisalignment({ features, weight: Infinity })).toThrow(AttackOptionsError);
    expect(() => modalityMisalignment({ features, lambda: 2 } as never)).toThrow(
      /^modalityMisalignment\.lambda: got an unknown option; expected one of features, against, weight, loss/,
    );
    expect(() => modalityMisalignment({ features, against: 'both' as 'clean' })).toThrow(
      /^modalityMisalignment\.against: got 'both'; expected one of each other, clean\.$/,
    );
  });
});
