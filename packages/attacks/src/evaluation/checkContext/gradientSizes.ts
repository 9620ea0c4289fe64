import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../../losses/attackLoss.js';
import { attackFromSearch } from '../../search/search.js';
import { columnsOf } from '../../threatModel/ball.js';
import { inUnitsOfScale } from '../../threatModel/ballPart.js';
import { zeroPerturbations } from '../../threatModel/perturbation.js';
import type { CheckContext } from './checkContext.js';

/** The sizes of the gradients with respect to one modality. */
export interface GradientSizes {
  /** Its name. */
  modality: string;
  /** Rows in the batch of the samples in which the attack may write. */
  rows: number[];
  /** For each of `rows` the largest absolute entry of the loss's gradient, per unit of the input, where the attack may write. */
  sizes: number[];
  /** For each of `rows` what a step within the budget gains at most if the loss is linear: epsilon times the gradient's dual norm. */
  gains: number[];
}

/**
 * How large the gradient of a loss is at the correct samples: one forward and one backward pass.
 * @throws {GradientError} when a gradient is not finite
 */
export async function gradientSizes(context: CheckContext, loss: AttackLoss): Promise<GradientSizes[]> {
  const { correct, classifier, options } = context;
  let found: GradientSizes[] = [];
  await context.withRows(correct, async ({ inputs, labels, threatModel }) => {
    const attack = attackFromSearch({ name: 'gradients', threatModel, loss }, async ({ balls }, search) => {
      const zeros = search.scratch.state(() => zeroPerturbations(balls));
      const names = balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
      const measured = search.scratch.state(() => {
        const { gradients } = search.monitor.evaluateGradient(zeros.value);
        const perPart = balls.flatMap((ball, i) =>
          ball.parts.map((part) => {
            const gradient = columnsOf(ball, part, gradients[i]!);
            const free = ball.free ? columnsOf(ball, part, ball.free) : tf.onesLike(gradient);
            // The gradient is per unit of the scale, so times it. The l2 length would not do: squares of small entries are rounded to 0.
            const gain = tf.squeeze(tf.mul(ball.epsilon, ball.norm.dual(tf.mul(gradient, free))), [1]);
            return tf.stack([tf.max(tf.abs(inUnitsOfScale(part, gradient)), 1), tf.sum(free, 1), gain]);
          }),
        );
        return { all: tf.stack(perPart) };
      });
      const values = await search.monitor.checkFinite(measured.value.all);
      found = names.map((modality, i) => {
        const [sizes, entries, gains] = [0, 1, 2].map((which) =>
          values.subarray((3 * i + which) * correct.length, (3 * i + which + 1) * correct.length),
        );
        const free = [...correct.keys()].filter((j) => entries![j]! > 0);
        return {
          modality,
          rows: free.map((j) => correct[j]!),
          sizes: free.map((j) => sizes![j]!),
          gains: free.map((j) => gains![j]!),
        };
      });
      return zeros.value;
    });
    const { signal, seed } = options;
    const unchanged = await attack.perturb(classifier, inputs, labels, {
      seed,
      allowProbabilities: true,
      ...(signal && { signal }),
    });
    tf.dispose(unchanged);
  });
  return found;
}
