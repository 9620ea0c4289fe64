import * as tf from '@tensorflow/tfjs-core';

/** A loss per row of logits, and its gradient with respect to the logits. */
interface LossAndGradient {
  /** `[batch]` */
  loss: tf.Tensor1D;
  /** `[batch, classes]` */
  gradient: tf.Tensor2D;
}

/**
 * Makes a differentiable loss from a function that computes the loss and its gradient. The gradient is exact where tfjs
 * would multiply 0 by infinity, split ties, or lack a gradient (topk). There is no second derivative.
 */
export function rowLoss(logits: tf.Tensor2D, compute: (logits: tf.Tensor2D) => LossAndGradient): tf.Tensor1D {
  const op = tf.customGrad((...args) => {
    const [z, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const { loss, gradient } = compute(z);
    save([gradient]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(tf.expandDims(dy, 1), saved[0]!),
    };
  });
  return op(logits) as tf.Tensor1D;
}

/** One-hot rows, 1 at each row's class, `[batch, classes]`. */
export function oneHotOf(classes: tf.Tensor1D, like: tf.Tensor2D): tf.Tensor2D {
  return tf.cast(tf.oneHot(tf.cast(classes, 'int32'), like.shape[1]), 'float32') as tf.Tensor2D;
}

/** The logit that a one-hot matrix picks in each row, `[batch, 1]`. */
export function pickLogit(logits: tf.Tensor2D, oneHot: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(tf.mul(logits, oneHot), 1, true);
}

/** The logits, with -infinity where a one-hot matrix is 1. */
export function maskOut(logits: tf.Tensor2D, oneHot: tf.Tensor2D): tf.Tensor2D {
  return tf.where(tf.cast(oneHot, 'bool'), tf.fill(logits.shape, -Infinity), logits);
}

/** A one-hot matrix of the largest logit in each row, the first of equal ones. */
export function topOneHot(logits: tf.Tensor2D): tf.Tensor2D {
  return oneHotOf(tf.argMax(logits, 1), logits);
}
