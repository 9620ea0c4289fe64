import * as tf from '@tensorflow/tfjs-core';

/**
 * Cosine of the angle between vectors, a . b / (|a| |b|), along the last axis. A vector of zeros has similarity 0 to
 * all others, and no gradient: a rectified layer may well give one.
 * @param a `[..., channels]`
 * @param b the same shape
 * @returns `[...]`, in [-1, 1] but for rounding
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

/** Vectors along the last axis at length 1, zeros as they are: u = x / |x|, with the gradient (dy - u (u . dy)) / |x|. */
function unit(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [vector, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    // 0 / 0 is 0 here, where tfjs' own root would make 0 times infinity of it in its gradient.
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
