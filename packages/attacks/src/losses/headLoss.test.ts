import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { normal, predictionsOf, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { classifierOf } from '../classifier/classifierOf.js';
import { AttackInputError, AttackOptionsError } from '../errors.js';
import type { AttackLoss } from './attackLoss.js';
import { headLoss } from './headLoss.js';
import { sumOfLosses } from './sumOfLosses.js';

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

  it('refuses a head that gives probabilities, also as a part of other losses', async () => {
    const x = tfl.input({ shape: [4], name: 'x' });
    const head = (name: string, activation: 'linear' | 'softmax') =>
      tfl.layers.dense({ units: 3, activation, name }).apply(x) as tfl.SymbolicTensor;
    const outputs = [head('fused', 'softmax'), head('rgb', 'softmax'), head('skeleton', 'linear')];
    const classifier = classifierOf(tfl.model({ inputs: x, outputs }));
    const batch = { x: normal([5, 4], 1) };
    const truth = predictionsOf(classifier, batch);
    const run = (loss: AttackLoss, options = {}) =>
      pgd({ x: { norm: 'l2', epsilon: 0.1 } }, { loss, steps: 2 }).perturb(classifier, batch, truth, options);
    const before = tf.memory().numTensors;
    for (const loss of [headLoss('rgb'), sumOfLosses([{ loss: 'cw' }, { loss: headLoss('rgb') }])]) {
      await expect(run(loss)).rejects.toThrow(
        /^The head 'rgb': got outputs that are probabilities, .*logitsOf\(model, \{ output: 'rgb' \}\)/,
      );
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(await run(loss, { allowProbabilities: true }));
    }
    // The chosen output's name stands for the logits.
    for (const name of ['skeleton', 'fused']) tf.dispose(await run(headLoss(name)));
    expect(tf.memory().numTensors).toBe(before);
  });
});
