import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { predictionsOf, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { classifierOf } from '../classifier/classifierOf.js';
import { AttackInputError, AttackOptionsError } from '../errors.js';
import { headLoss } from './headLoss.js';

describe('headLoss', () => {
  const model = gatedModel();
  const inputs = gatedInputs(4);
  const labels = predictionsOf(classifierOf(model, { output: 'rgbLogits' }), inputs);
  const threat = { rgb: { norm: 'linf' as const, epsilon: 0.05, range: [0, 1] as [number, number] } };

  it.each(['cross-entropy', 'cw', 'dlr'] as const)(
    'attacks the head as %s does when the head is the classifier',
    async (loss) => {
      const fused = classifierOf(model);
      const alone = classifierOf(model, { output: 'rgbLogits' });
      const targets = tf.tidy(() => tf.mod(tf.add(labels, 1), 5)) as tf.Tensor1D;
      for (const options of [{}, { targets }]) {
        const expected = await pgd(threat, { loss, steps: 3 }).perturb(alone, inputs, labels, options);
        const got = await pgd(threat, { loss: headLoss('rgbLogits', loss), steps: 3 }).perturb(
          fused,
          inputs,
          labels,
          options,
        );
        expect(values(got.rgb!)).toEqual(values(expected.rgb!));
        expect(values(got.rgb!)).not.toEqual(values(inputs.rgb!));
      }
    },
  );

  it('refuses values that are not logits of the same classes, and losses that are not valid', async () => {
    const attack = pgd(threat, { loss: headLoss('weights') });
    const failed = attack.perturb(classifierOf(model), inputs, labels);
    await expect(failed).rejects.toThrow(AttackInputError);
    await expect(failed).rejects.toThrow(
      /^The logits of the head 'weights': got a tensor of shape \[4, 2\]; .* \[4, 5\]\.$/,
    );
    expect(() => headLoss('rgbLogits', 'hinge' as 'cw')).toThrow(AttackOptionsError);
    expect(() => headLoss('rgbLogits', 'hinge' as 'cw')).toThrow(
      /^headLoss\.loss: got 'hinge'; expected 'cross-entropy', 'cw', 'dlr', a function/,
    );
  });
});
