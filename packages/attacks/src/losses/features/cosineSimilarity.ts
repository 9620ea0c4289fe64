import * as tf from '@tensorflow/tfjs-core';

/**
 * Cosine of the angle between vectors, a . b / (|a| |b|), along the last axis. A vector of zeros, which a ReLU layer may
 * well give, has similarity 0 to all others and gradient 0.
 * @param a `[..., channels]`
 * @param b the same shape
 * @returns `[...]`, in [-1, 1] up to rounding
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { cosineSimilarity } from '@amr/attacks';
 * const similarity = cosineSimilarity(tf.tensor2d([[3, 0], [0, 0]]), tf.tensor2d([[1, 1], [1, 1]]));
 * console.log(await similarity.data()); // 0.707, 0
 * ```
 */
export function cosineSimilarity(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sum(tf.mul(unit(a), unit(b)), -1));
}

/** Vectors along the last axis, scaled to length 1, zeros unchanged: u = x / |x|, with the gradient (dy - u (u . dy)) / |x|. */
function unit(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [vector, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    // Here 0 / 0 is 0. The gradient of tfjs' square root would multiply 0 by infinity.
    const inverse = tf.divNoNan(1, tf.norm(vector, 2, -1, true));
    const value = tf.mul(vector, inverse);
    save([value, inverse]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [along, scale] = saved as [tf.Tensor, tf.Tensor];
        const across = tf.sub(dy, tf.mul(along, tf.sum(tf.mul(along, dy), -1, true)));
        return tf.mul(across, scale);
      },
    };
  });
  return op(x);
}
