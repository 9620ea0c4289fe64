import * as tf from '@tensorflow/tfjs-core';
import { oneHot } from '../math/oneHot.js';

/** What {@link crossEntropy} can be told. */
export interface CrossEntropyOptions {
  /**
   * Share of the target that is spread evenly over all classes (Szegedy et al., CVPR 2016, section 7). In [0, 1);
   * default 0.
   */
  labelSmoothing?: number;
}

/**
 * Cross-entropy of each sample, from logits, in the stable log-softmax form: a saturated prediction keeps its
 * gradient. It uses neither gather nor einsum, so its gradient exists on every backend.
 *
 * The labels' values are not read back from the backend: a label outside [0, classes) is not noticed here.
 *
 * @param logits [batch, classes], no softmax applied
 * @param labels [batch], int32, in [0, classes)
 * @returns [batch], in nats, not reduced
 * @throws {Error} when the shapes don't match or labelSmoothing is out of its range
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { crossEntropy } from '@amr/layers';
 *
 * const loss = crossEntropy(tf.tensor2d([[2, 0, 0], [0, 100, 0]]), tf.tensor1d([0, 0], 'int32'));
 * console.log(loss.arraySync()); // [0.24, 100]
 * ```
 */
export function crossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  options: CrossEntropyOptions = {},
): tf.Tensor1D {
  const { labelSmoothing = 0 } = options;
  if (logits.rank !== 2 || labels.rank !== 1 || logits.shape[0] !== labels.shape[0]) {
    throw new Error(
      `crossEntropy: got logits of shape [${logits.shape}] and labels of shape [${labels.shape}]; expected ` +
        `[batch, classes] and [batch].`,
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new Error(`crossEntropy: got labelSmoothing ${labelSmoothing}; expected a number in [0, 1).`);
  }
  return tf.tidy(() => {
    const targets = oneHot(labels, logits.shape[1]);
    const smoothed = labelSmoothing > 0 ? mixed(targets, labelSmoothing) : targets;
    return tf.neg(tf.sum(tf.mul(smoothed, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;
  });
}

/** (1 - share) * targets + share / classes */
function mixed(targets: tf.Tensor, share: number): tf.Tensor {
  return tf.add(tf.mul(targets, 1 - share), share / targets.shape[1]!);
}
