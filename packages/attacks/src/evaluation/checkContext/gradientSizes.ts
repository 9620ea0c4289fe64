import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../../losses/attackLoss.js';
import { attackFromSearch } from '../../search/search.js';
import { columnsOf } from '../../threatModel/ball.js';
import { zeroPerturbations } from '../../threatModel/perturbation.js';
import type { CheckContext } from './checkContext.js';

/** Gradients of one modality's samples. */
export interface GradientSizes {
  modality: string;
  /** Rows in the batch of the samples in which the attack may write. */
  rows: number[];
  /** Largest entry of the loss's gradient with respect to what it may write, per unit of the input, for each of `rows`. */
  sizes: number[];
}

/**
 * How large the gradient of a loss is at the samples that are right: one forward and one backward pass.
 * @throws {GradientError} when a gradient is not finite
 */
export async function gradientSizes(subject: CheckContext, loss: AttackLoss): Promise<GradientSizes[]> {
  const { correct, classifier, options } = subject;
  let found: GradientSizes[] = [];
  await subject.with(correct, async ({ inputs, labels, threatModel }) => {
    const look = attackFromSearch({ name: 'gradients', threatModel, loss }, async ({ balls }, context) => {
      const still = context.state(() => zeroPerturbations(balls));
      const names = balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
      const measured = context.state(() => {
        const { gradients } = context.evaluateGradient(still.value);
        const ofParts = balls.flatMap((ball, i) =>
          ball.parts.map((part) => {
            const gradient = columnsOf(ball, part, gradients[i]!);
            const free = ball.free ? columnsOf(ball, part, ball.free) : tf.onesLike(gradient);
            // Not the l2 length: squares of small entries are rounded to 0.
            return tf.stack([tf.mul(tf.max(tf.abs(gradient), 1), part.weight), tf.sum(free, 1)]);
          }),
        );
        return { all: tf.stack(ofParts) };
      });
      const values = await context.checkFinite(measured.value.all, 'this check');
      found = names.map((modality, i) => {
        const [sizes, entries] = [0, 1].map((which) =>
          values.subarray((2 * i + which) * correct.length, (2 * i + which + 1) * correct.length),
        );
        const free = [...correct.keys()].filter((j) => entries![j]! > 0);
        return { modality, rows: free.map((j) => correct[j]!), sizes: free.map((j) => sizes![j]!) };
      });
      return still.value;
    });
    const { signal, seed } = options;
    const unchanged = await look.perturb(classifier, inputs, labels, { seed, ...(signal && { signal }) });
    tf.dispose(unchanged);
  });
  return found;
}
