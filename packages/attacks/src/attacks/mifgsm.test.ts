import { describeInvariants } from '@amr/testing/attacks/invariants';
import { denseClassifier, predictionsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AttackOptionsError, bim, type Classifier, mifgsm, pgd } from '../index.js';

describeInvariants('mifgsm', (threat) => mifgsm(threat, { steps: 3 }), { numRuns: 6 });
describeInvariants(
  'mifgsm from a random point in two balls',
  (threat) => mifgsm(threat, { steps: 3, randomStart: true, loss: 'cw' }),
  { numRuns: 6, other: { norm: 'l2', epsilon: 0.2 } },
);

describe('mifgsm', () => {
  const x = uniform([4, 3, 4], 1);
  const network = denseClassifier({ x }, 4, 2, 3);
  const labels = predictionsOf(network, { x });
  const threat = { x: { norm: 'linf', epsilon: 0.3, stepSize: 0.05 } } as const;

  it('is BIM without memory', async () => {
    const one = await mifgsm(threat, { decay: 0 }).perturb(network, { x }, labels);
    const other = await bim(threat).perturb(network, { x }, labels);
    expect(values(one.x!)).toEqual(values(other.x!));
  });

  it('has a decay of 1 by default', async () => {
    const one = await mifgsm(threat).perturb(network, { x }, labels);
    const other = await pgd(threat, { steps: 10, momentum: 1 }).perturb(network, { x }, labels);
    expect(values(one.x!)).toEqual(values(other.x!));
    const short = await mifgsm(threat, { decay: 0.2 }).perturb(network, { x }, labels);
    expect(values(short.x!)).not.toEqual(values(one.x!));
  });

  it('moves past a small maximum, by the momentum of earlier gradients', async () => {
    // The margin rises with x up to 0.25, falls a little up to 0.45 and rises again.
    const bumpy: Classifier = ({ x }) =>
      tf.tidy(() => {
        const height = tf.sub(tf.mul(x!, 3), tf.relu(tf.mul(tf.sub(x!, 0.25), 4)));
        const margin = tf.add(height, tf.relu(tf.mul(tf.sub(x!, 0.45), 9)));
        return tf.concat([tf.zerosLike(margin), margin], 1) as tf.Tensor2D;
      });
    const ball = { x: { norm: 'linf', epsilon: 1, stepSize: 0.1 } } as const;
    const at = async (attack: ReturnType<typeof bim>) => {
      const result = await attack.perturb(bumpy, { x: tf.zeros([1, 1]) }, tf.tensor1d([0], 'int32'));
      return values(result.x!)[0]!;
    };
    expect(await at(bim(ball, { steps: 10 }))).toBeLessThan(0.35);
    expect(await at(mifgsm(ball, { steps: 10 }))).toBeCloseTo(1, 5);
  });

  it('refuses an invalid decay', () => {
    expect(() => mifgsm(threat, { decay: -1 })).toThrow(AttackOptionsError);
    expect(() => mifgsm(threat, { decay: Number.NaN })).toThrow(/decay: got NaN/);
  });
});
