import * as tf from '@tensorflow/tfjs-core';

/**
 * Sums of [rows, columns] over the rows, by average pooling: a reduction over the first axis is a transposition on the
 * wasm backend, 25 times slower. The rows are folded first, so that float sums stay short (and many, where there are
 * many cores). It has no gradient of its own.
 */
export function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  const [rows, columns] = x.shape;
  if (rows === 0) return tf.zeros([columns]);
  return tf.tidy(() => {
    let fold = 1;
    while (fold < 64 && rows % (2 * fold) === 0) fold *= 2;
    const high = rows / fold;
    const wide = tf.reshape(x, [1, high, 1, fold * columns]) as tf.Tensor4D;
    const means = tf.reshape(tf.avgPool(wide, [high, 1], 1, 'valid'), [fold, columns]);
    return tf.mul(tf.sum(means, 0), high) as tf.Tensor1D;
  });
}

/** x plus a vector for each row, with {@link columnSums} in the gradient. */
export function addToRows(x: tf.Tensor2D, vector: tf.Tensor1D): tf.Tensor2D {
  const add = tf.customGrad((...args) => ({
    value: tf.add(args[0] as tf.Tensor2D, args[1] as tf.Tensor1D) as tf.Tensor2D,
    gradFunc: (dy: tf.Tensor2D) => [dy, columnSums(dy)],
  }));
  return add(x, vector);
}
