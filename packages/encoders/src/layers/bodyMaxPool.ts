import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';

/**
 * Maximum over 2 x 2 windows of each body's own map of features; a last odd row or column is left out, as PyTorch's
 * `MaxPool2d(2)` does. It is composed of element-wise maxima, whose gradients are faster on wasm than a pooling
 * kernel's.
 *
 * In: [batch, persons, height, width, C]. Out: [batch, persons, floor(height / 2), floor(width / 2), C].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyMaxPool } from '@amr/encoders';
 *
 * const x = tf.tensor5d([1, 2, 3, 4], [1, 1, 2, 2, 1]);
 * console.log((new BodyMaxPool({}).apply(x) as tf.Tensor).dataSync()); // 4
 * ```
 */
export class BodyMaxPool extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyMaxPool';

  override computeOutputShape([batch, persons, height, width, channels]: Shape): Shape {
    const half = (size: number | null | undefined) => (size == null ? null : Math.floor(size / 2));
    return [batch!, persons!, half(height), half(width), channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, height, width, channels] = x.shape;
      const bodies = batch * persons;
      const rows = largerOfPairs(tf.reshape(x, [bodies, height, width * channels]) as tf.Tensor3D);
      const high = rows.shape[1];
      const columns = largerOfPairs(tf.reshape(rows, [bodies * high, width, channels]) as tf.Tensor3D);
      return tf.reshape(columns, [batch, persons, high, columns.shape[1], channels]);
    });
  }
}
tf.serialization.registerClass(BodyMaxPool);

/** The larger of each two neighbours along the middle axis. */
function largerOfPairs(x: tf.Tensor3D): tf.Tensor3D {
  const [rows, size, width] = x.shape;
  const half = Math.floor(size / 2);
  const even = size % 2 === 0 ? x : tf.slice(x, [0, 0, 0], [rows, 2 * half, width]);
  const pairs = tf.reshape(even, [rows * half, 2 * width]) as tf.Tensor2D;
  const [first, second] = [0, width].map((start) => tf.slice(pairs, [0, start], [rows * half, width]));
  return tf.reshape(tf.maximum(first!, second!), [rows, half, width]);
}
