import * as tf from '@tensorflow/tfjs-core';

/** XNNPACK's average pooling overruns its memory on the wasm backend with tens of thousands of channels (40,960 did). */
const mostChannels = 2048;

/**
 * Sums of [rows, columns] over the rows, by average pooling: a reduction over the first axis is a transposition on the
 * stock wasm backend, 25 times slower. The rows are folded first, so that float sums stay short (and many, where there
 * are many cores). It has no gradient of its own.
 */
export function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  const [rows, columns] = x.shape;
  if (rows === 0) return tf.zeros([columns]);
  return tf.tidy(() => {
    let channels = columns;
    while (channels > mostChannels && channels % 2 === 0) channels /= 2;
    if (channels > mostChannels) return tf.sum(x, 0) as tf.Tensor1D;
    let fold = 1;
    while (fold < 64 && rows % (2 * fold) === 0) fold *= 2;
    const high = rows / fold;
    const image = tf.reshape(x, [1, high, (fold * columns) / channels, channels]) as tf.Tensor4D;
    const means = tf.reshape(tf.avgPool(image, [high, 1], 1, 'valid'), [fold, columns]);
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

/** x [..., C] plus a value for each channel, by way of {@link addToRows}. */
export function addToChannels(x: tf.Tensor, vector: tf.Tensor1D): tf.Tensor {
  const rows = tf.reshape(x, [x.size / vector.size, vector.size]) as tf.Tensor2D;
  return tf.reshape(addToRows(rows, vector), x.shape);
}
