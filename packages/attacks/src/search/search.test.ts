import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { linearClassifier, normal, values } from '@amr/testing/attacks/models';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import type { Classifier } from '../classifier/classifier.js';
import { classifierOf } from '../classifier/classifierOf.js';
import { AttackInputError, AttackOptionsError, GradientError, ThreatModelError } from '../errors.js';
import type { LossInputs, ObservedLoss } from '../losses/attackLoss.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { logitsAt } from './evaluate.js';
import { attackFromSearch, type Search, type SearchAttackConfig } from './search.js';

const threatModel: ThreatModel = { x: { norm: 'linf', epsilon: 0.5, range: [0, 1] } };
const x = tf.tensor2d([
  [0.2, 0.9],
  [0.5, 0.5],
  [0, 1],
]);
const labels = tf.tensor1d([0, 1, 0], 'int32');
const weights = tf.tensor2d([
  [1, -1],
  [0.5, 2],
]);
const classifier = linearClassifier({ x: weights });
const attack = (search: Search, config: Partial<SearchAttackConfig> = {}) =>
  attackFromSearch({ name: 'mine', threatModel, ...config }, search);
/** One step of 0.1 upwards. */
const upwards: Search = async ({ balls }, context) =>
  context.scratch.state(() => balls.map((ball) => tf.fill([ball.rows, ball.size], 0.1) as tf.Tensor2D)).value;

describe('attackFromSearch', () => {
  it('returns the modalities perturbed as the search says, as new tensors', async () => {
    const other = normal([3, 2], 1);
    const before = tf.memory().numTensors;
    const result = await attack(upwards).perturb(classifier, { x, other }, labels);
    expect(tf.memory().numTensors - before).toBe(2);
    expect(result.other).not.toBe(other);
    expect(values(result.other!)).toEqual(values(other));
    const clean = values(x);
    values(result.x!).forEach((value, i) => {
      expect(value).toBeCloseTo(Math.min(clean[i]! + 0.1, 1), 6);
    });
  });

  it.each<[string, Search]>([
    [
      'throws',
      async (_, context) => {
        context.scratch.state(() => ({ a: tf.ones([3]), b: [tf.ones([2])] }));
        throw new Error('enough');
      },
    ],
    [
      'throws in a step',
      async (_, context) => {
        const state = context.scratch.state(() => ({ a: tf.ones([3]) }));
        state.advance(({ a }) => {
          tf.add(a, 1);
          throw new Error('enough');
        });
        return [];
      },
    ],
    [
      'has computed a gradient before it throws',
      async ({ balls }, context) => {
        tf.tidy(() => {
          context.monitor.evaluateGradient(balls.map(({ rows, size }) => tf.zeros([rows, size])));
        });
        throw new Error('enough');
      },
    ],
  ])('frees everything when the search %s', async (_, search) => {
    const before = tf.memory().numTensors;
    await expect(attack(search).perturb(classifier, { x }, labels)).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('frees the tensors that the next state drops, and keeps the others', async () => {
    const counts: number[] = [];
    const search: Search = async ({ balls }, context) => {
      const base = tf.memory().numTensors;
      const state = context.scratch.state(() => ({ kept: tf.ones([2]), changed: tf.zeros([3, 2]) }));
      for (let step = 0; step < 3; step++) {
        state.advance(({ kept, changed }) => ({ kept, changed: tf.add(changed, 0.1) }));
        counts.push(tf.memory().numTensors - base);
      }
      expect(values(state.value.kept)).toEqual([1, 1]);
      return balls.map(() => state.value.changed as tf.Tensor2D);
    };
    const result = await attack(search).perturb(classifier, { x }, labels);
    expect(counts).toEqual([2, 2, 2]);
    expect(values(result.x!)[0]).toBeCloseTo(0.5, 5);
  });

  it('refuses EOT samples, losses and threat models that are not valid, when the attack is made', () => {
    expect(() => attack(upwards, { eotSamples: 0 })).toThrow(AttackOptionsError);
    expect(() => pgd(threatModel, { eotSamples: 1.5 })).toThrow(
      /eotSamples: got 1.5; expected a whole number from 1/,
    );
    expect(() => attack(upwards, { loss: 'hinge' as 'cw' })).toThrow(AttackOptionsError);
    const infinite: ThreatModel = { x: { norm: 'l2', epsilon: Infinity } };
    expect(() => attack(upwards, { threatModel: infinite })).toThrow(ThreatModelError);
    expect(attack(upwards, { threatModel: infinite, allowInfiniteEpsilon: true }).name).toBe('mine');
  });
});

describe('a search context', () => {
  it('evaluates the loss and its gradient, averaged over the EOT samples', async () => {
    const shifts = [0, 3, -1, 7];
    let calls = 0;
    // Each call scales the logits of class 1 by another factor.
    const random: Classifier = (inputs) =>
      tf.tidy(() => tf.mul(classifier(inputs), tf.tensor1d([1, shifts[calls++ % 4]!])));
    const search: Search = async (problem, context) => {
      const deltas = problem.balls.map(({ rows, size }) => tf.zeros([rows, size]) as tf.Tensor2D);
      tf.tidy(() => {
        const { loss, logits, gradients } = context.monitor.evaluateGradient(deltas);
        expect(calls).toBe(4);
        const z = [0.2 + 0.45, -0.2 + 1.8];
        const mean = 9 / 4;
        expect(values(logits)[1]).toBeCloseTo(mean * z[1]!, 5);
        // 'cw' is z_1 - z_0 for label 0: linear, so the mean of the losses is the loss of the mean logits.
        expect(values(loss)[0]).toBeCloseTo(mean * z[1]! - z[0]!, 5);
        expect(values(gradients[0]!)[0]).toBeCloseTo(mean * -1 - 1, 5);
        expect(values(gradients[0]!)[2]).toBeCloseTo(1 - mean * -1, 5);
        expect(values(logitsAt(problem, deltas))[1]).toBeCloseTo(mean * z[1]!, 5);
        expect(calls).toBe(8);
      });
      return context.scratch.state(() => deltas).value;
    };
    const before = tf.memory().numTensors;
    tf.dispose(await attack(search, { eotSamples: 4, loss: 'cw' }).perturb(random, { x }, labels));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('reads values back, and throws for the first gradient since the last check that was not finite', async () => {
    // The root of x_0 has no slope at 0, where the third row is.
    const rooted: Classifier = (inputs) =>
      tf.tidy(() => tf.matMul(tf.sqrt(inputs.x!), weights) as tf.Tensor2D);
    const search: Search = async ({ balls }, context) => {
      const at = (value: number) =>
        balls.map(({ rows, size }) => tf.fill([rows, size], value) as tf.Tensor2D);
      const evaluateAt = (value: number) =>
        tf.tidy(() => {
          context.monitor.evaluateGradient(at(value));
        });
      const loss = tf.zeros([3]) as tf.Tensor1D;
      evaluateAt(0.1);
      const wanted = tf.tensor2d([[4, 5]]);
      expect(Array.from(await context.monitor.checkFinite(wanted))).toEqual([4, 5]);
      wanted.dispose();
      for (const [i, value] of [0.1, 0.2, 0, 0.3, 0].entries()) {
        evaluateAt(value);
        await context.monitor.report({ step: i + 1, steps: 5, restart: 2, restarts: 2 }, [], loss);
      }
      loss.dispose();
      await context.monitor.checkFinite();
      return [];
    };
    const before = tf.memory().numTensors;
    const failed = attack(search).perturb(rooted, { x }, labels);
    await expect(failed).rejects.toThrow(GradientError);
    await expect(failed).rejects.toThrow(
      /gradient of 'x': got NaN or infinite entries in sample 2 of the batch, first in step 3 of restart 2; expected finite numbers/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it('reports to onStep only, with the loss by its name', async () => {
    const search: Search = async (problem, context) => {
      const deltas = await upwards(problem, context);
      tf.tidy(() => {
        const { loss } = context.monitor.evaluateGradient(deltas);
        context.monitor.report({ step: 1, steps: 2, restart: 1, restarts: 1 }, deltas, loss);
      });
      return deltas;
    };
    const seen: number[][] = [];
    const before = tf.memory().numTensors;
    const result = await attack(search).perturb(classifier, { x }, labels, {
      onStep: ({ step, steps, loss, adversarial }) => {
        seen.push([step, steps]);
        const z = classifier(adversarial);
        const expected = values(tf.neg(tf.sum(tf.mul(tf.logSoftmax(z), tf.oneHot(labels, 2)), 1)));
        values(loss).forEach((value, row) => {
          expect(value).toBeCloseTo(expected[row]!, 5);
        });
      },
    });
    expect(seen).toEqual([[1, 2]]);
    tf.dispose(result);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a loss that observes', () => {
  const inputs = gatedInputs(3);
  const gated = classifierOf(gatedModel());
  const truth = tf.tensor1d([0, 1, 2], 'int32');
  const threat: ThreatModel = { rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] } };

  it('sees logits, labels, targets, inputs and inner values, now and when clean', async () => {
    const targets = tf.tensor1d([1, 2, 3], 'int32');
    const features = values(gated.observe!(inputs, ['rgbFeatures']).values.rgbFeatures!);
    const moved: boolean[] = [];
    const loss: ObservedLoss = {
      name: 'looking',
      observed: ['rgbFeatures', 'weights'],
      compute: (seen: LossInputs) => {
        expect(Object.keys(seen.observed)).toEqual(['rgbFeatures', 'weights']);
        expect(seen.observed.weights!.shape).toEqual([3, 2]);
        expect(values(seen.labels)).toEqual([0, 1, 2]);
        expect(values(seen.targets!)).toEqual([1, 2, 3]);
        expect(seen.clean.rgb).toBe(inputs.rgb);
        expect(values(seen.observedClean.rgbFeatures!)).toEqual(features);
        moved.push(values(seen.inputs.rgb!).some((value, i) => value !== values(inputs.rgb!)[i]));
        return tf.sum(seen.logits, 1);
      },
    };
    const before = tf.memory().numTensors;
    const result = await pgd(threat, { loss, steps: 3 }).perturb(gated, inputs, truth, { targets });
    expect(tf.memory().numTensors - before).toBe(2);
    expect(moved).toEqual([false, true, true]);
    tf.dispose(result);
  });

  it('is followed: features go as far from the clean ones as the ball lets them', async () => {
    // Features that are the input: the furthest points in the ball are its corners.
    const linear: Classifier = Object.assign((given: { [name: string]: tf.Tensor }) => classifier(given), {
      observe: (given: { [name: string]: tf.Tensor }) => ({
        logits: classifier(given) as tf.Tensor2D,
        values: { itself: tf.clone(given.x!) },
      }),
    });
    const loss: ObservedLoss = {
      name: 'distance',
      observed: ['itself'],
      compute: ({ observed, observedClean, logits }) =>
        // The first step follows the logits, since a distance has no slope at 0.
        tf.add(
          tf.sum(tf.squaredDifference(observed.itself!, observedClean.itself!), 1),
          tf.mul(1e-3, tf.sum(tf.mul(logits, tf.tensor1d([1, 0])), 1)),
        ),
    };
    const inside = tf.fill([2, 2], 0.5);
    const result = await pgd({ x: { norm: 'linf', epsilon: 0.25 } }, { loss }).perturb(
      linear,
      { x: inside },
      tf.tensor1d([0, 1], 'int32'),
    );
    for (const value of values(result.x!)) expect(value).toBeCloseTo(0.75, 6);
  });

  it('needs a classifier that gives what it asks for', async () => {
    const loss: ObservedLoss = {
      name: 'mine',
      observed: ['depth'],
      compute: ({ logits }) => tf.sum(logits, 1),
    };
    const refused = async (given: Classifier, message: RegExp) => {
      const before = tf.memory().numTensors;
      const failed = pgd(threat, { loss }).perturb(given, inputs, truth);
      await expect(failed).rejects.toThrow(AttackInputError);
      await expect(failed).rejects.toThrow(message);
      expect(tf.memory().numTensors).toBe(before);
    };
    await refused(
      gated,
      /^The inner value that the loss needs: got '.*'; expected an output of the model, .* or a layer,/,
    );
    await refused(
      (given) => gated(given),
      /classifier: got no function 'observe'; .* the loss needs 'depth'/,
    );
    const other: Classifier = Object.assign((given: typeof inputs) => gated(given), {
      observe: (given: typeof inputs) => gated.observe!(given, ['weights']),
    });
    await refused(other, /classifier.observe: got values of \['weights'\]; expected 'depth' as well/);
  });
});
