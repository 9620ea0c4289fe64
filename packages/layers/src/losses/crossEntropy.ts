import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { LayerError } from '../errors.js';
import { oneHot } from '../math/oneHot.js';
import { checkFraction, rejectUnknownOptions } from '../options.js';

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /**
   * The part of the target that is spread evenly over all classes (Szegedy et al., CVPR 2016, section 7). In [0, 1);
   * default 0.
   */
  labelSmoothing?: number;
}

/**
 * Cross-entropy of each sample, from logits, in the stable log-softmax form: its gradient does not vanish for
 * saturated predictions. It uses neither gather nor einsum, so it has a gradient on every backend.
 *
 * The labels' values are not read back from the backend: a label outside [0, classes) is not detected.
 *
 * @param logits [batch, classes], no softmax applied
 * @param labels [batch], int32, in [0, classes)
 * @returns [batch], in nats, not reduced
 * @throws {LayerError} when the shapes don't match, labelSmoothing is outside [0, 1), or an option is unknown
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
  rejectUnknownOptions('crossEntropy', options, OPTIONS);
  const { labelSmoothing = 0 } = options;
  if (logits.rank !== 2 || labels.rank !== 1 || logits.shape[0] !== labels.shape[0]) {
    throw new LayerError(
      `crossEntropy: got logits of shape ${formatValue(logits.shape)} and labels of shape ` +
        `${formatValue(labels.shape)}; expected [batch, classes] and [batch].`,
    );
  }
  checkFraction('crossEntropy.labelSmoothing', labelSmoothing);
  return tf.tidy(() => {
    const targets = oneHot(labels, logits.shape[1]);
    const smoothed = labelSmoothing > 0 ? smooth(targets, labelSmoothing) : targets;
    return tf.neg(tf.sum(tf.mul(smoothed, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;
  });
}

const OPTIONS = ['labelSmoothing'] as const satisfies readonly (keyof CrossEntropyOptions)[];

/** (1 - s) * targets + s / classes, for a label smoothing s */
function smooth(targets: tf.Tensor, s: number): tf.Tensor {
  return tf.add(tf.mul(targets, 1 - s), s / targets.shape[1]!);
}
