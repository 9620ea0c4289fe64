import { denseClassifier, normal, values } from '@amr/testing/attacks/models';
import { sparsePeople } from '@amr/testing/attacks/skeletons';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { AttackInputError } from '../errors.js';
import type { AttackLoss } from './attackLoss.js';
import { marginLoss } from './margin.js';
import { withMotionTerm } from './withMotionTerm.js';

/** The loss of two rows with fixed logits, at inputs. */
const lossAt = (loss: ReturnType<typeof withMotionTerm>, x: tf.Tensor, clean: tf.Tensor) =>
  loss.compute({
    logits: tf.tensor2d([
      [2, 1, 0],
      [0, 3, 1],
    ]),
    labels: tf.tensor1d([0, 0], 'int32'),
    inputs: { x },
    clean: { x: clean },
    observed: {},
    observedClean: {},
  });

describe('withMotionTerm', () => {
  it('subtracts mean squared changes of accelerations and positions over the present frames from the loss', () => {
    // Two rows, one person, 4 frames, 1 joint, 2 coordinates; the second row's last frame is padding.
    const clean = tf.tensor([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [2, 1, 4, 1, 2]);
    const change = [0.1, 0, 0.3, 0, 0, 0.2, 0, 0, 0.1, 0, 0.2, 0, 0.3, 0, 9, 9];
    const x = tf.add(clean, tf.tensor(change, clean.shape));
    const got = values(lossAt(withMotionTerm('cw', { modality: 'x', weight: 2, position: 3 }), x, clean));
    // Row 0: accelerations (-0.5, 0.2) and (0.3, -0.4). Row 1: frames 0 to 2 alone, (0, 0).
    const accelerations = [(0.25 + 0.04 + 0.09 + 0.16) / 2, 0];
    const positions = [(0.01 + 0.09 + 0.04) / 4, (0.01 + 0.04 + 0.09) / 3];
    for (const [row, margin] of [-1, 3].entries()) {
      expect(got[row]).toBeCloseTo(margin - 2 * accelerations[row]! - 3 * positions[row]!, 5);
    }
  });

  it('is the loss itself at the clean input, for weights of 0, and for drifts', () => {
    const clean = normal([2, 1, 5, 3, 2], 1);
    const drift = tf.add(clean, tf.mul(tf.reshape(tf.range(0, 5), [1, 1, 5, 1, 1]), 0.1));
    const margins = values(
      marginLoss(
        tf.tensor2d([
          [2, 1, 0],
          [0, 3, 1],
        ]),
        tf.tensor1d([0, 0], 'int32'),
      ),
    );
    const near = (got: tf.Tensor) => {
      for (const [row, value] of values(got).entries()) expect(value).toBeCloseTo(margins[row]!, 4);
    };
    near(lossAt(withMotionTerm('cw', { modality: 'x', weight: 50, position: 9 }), clean, clean));
    near(lossAt(withMotionTerm('cw', { modality: 'x', weight: 0 }), tf.add(clean, 1), clean));
    near(lossAt(withMotionTerm('cw', { modality: 'x', weight: 50 }), drift, clean));
  });

  it('makes the result of PGD smoother', async () => {
    const clean = { skeleton: sparsePeople(2, 1, 6, 2) };
    const classifier = denseClassifier(clean, 3, 3, 5);
    const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
    const jitter = async (loss: AttackLoss) => {
      const attack = pgd({ skeleton: { norm: 'l2', epsilon: 0.2 } }, { loss, steps: 10 });
      const { skeleton } = await attack.perturb(classifier, clean, labels);
      const change = tf.sub(skeleton!, clean.skeleton);
      const from = (frame: number) => tf.slice(change, [0, 0, frame], [2, 1, 3]);
      const accelerations = tf.sub(tf.add(from(0), from(2)), tf.mul(from(1), 2));
      return values(tf.sum(tf.square(accelerations)))[0]!;
    };
    const weighed = withMotionTerm('cw', { modality: 'skeleton', weight: 1e3 });
    expect(await jitter(weighed)).toBeLessThan(0.6 * (await jitter('cw')));
  });

  it('refuses weights, inputs and options that are not valid', () => {
    expect(() => withMotionTerm('cw', { modality: 'x', weight: 1, axis: 1 } as never)).toThrow(
      /^withMotionTerm\.axis: .*; expected axes\. Rename it\.$/,
    );
    expect(() => withMotionTerm('cw', { modality: 'x', weight: 1, axes: { frame: 1 } as never })).toThrow(
      /^withMotionTerm\.axes\.frame: .*; expected frames\. Rename it\.$/,
    );
    expect(() => withMotionTerm('cw', { modality: 'x', weight: -1 })).toThrow(
      /^withMotionTerm\.weight: got -1/,
    );
    expect(() => withMotionTerm('cw', { modality: 'x', weight: 1, position: Infinity })).toThrow(
      /^withMotionTerm\.position: got Infinity/,
    );
    const clean = tf.zeros([2, 1, 2, 1, 2]);
    const at = (modality: string) => () =>
      lossAt(withMotionTerm('cw', { modality, weight: 1 }), clean, clean);
    expect(at('x')).toThrow(AttackInputError);
    expect(at('x')).toThrow(
      /^inputs\.x: got a tensor of shape \[2, 1, 2, 1, 2\]; expected three frames or more .* has 2\.$/,
    );
    expect(at('y')).toThrow(/^withMotionTerm\.modality: got 'y'; expected one of the inputs, \['x'\]\.$/);
  });
});
