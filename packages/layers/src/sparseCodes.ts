import * as tf from '@tensorflow/tfjs-core';

/**
 * Sparse codes of x in a dictionary, for each row: h = argmin of 1/2 |h D - x|^2 + sparsity * |h|_1, approached by
 * FISTA (Beck, Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sciences 2009, section 4)
 * from h = 0. The number of steps is fixed, so its gradient is that of the steps themselves.
 *
 * @param x [batch, C]
 * @param dictionary D, [slots, C]; rows of zeros get the code 0
 * @param rate [1], the step's length, at most 1 / (largest eigenvalue of D D^T); at 0 all codes are 0
 * @returns [batch, slots]
 */
export function sparseCodes(
  x: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  { sparsity, steps }: { sparsity: number; steps: number },
): tf.Tensor2D {
  // Turned once, and by an operation of its own: wasm's products of turned matrices are slow.
  const transposed = tf.transpose(dictionary);
  const threshold = tf.mul(rate, sparsity);
  const shrunk = (v: tf.Tensor) =>
    tf.sub(tf.relu(tf.sub(v, threshold)), tf.relu(tf.neg(tf.add(v, threshold))));
  // The first step from h = 0, whose residual is -x.
  let codes = shrunk(tf.mul(tf.matMul(x, transposed), rate));
  let ahead = codes;
  let momentum = (1 + Math.sqrt(5)) / 2;
  for (let step = 1; step < steps; step++) {
    const residual = tf.sub(tf.matMul(ahead as tf.Tensor2D, dictionary), x) as tf.Tensor2D;
    const next = shrunk(tf.sub(ahead, tf.mul(tf.matMul(residual, transposed), rate)));
    const grown = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    ahead = tf.add(next, tf.mul(tf.sub(next, codes), (momentum - 1) / grown));
    codes = next;
    momentum = grown;
  }
  return codes as tf.Tensor2D;
}
