import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { LayerError } from '../errors.js';
import { crossEntropy } from './crossEntropy.js';

/**
 * The loss of the odd-one-out network in an `OddOneOutFusion`: the cross-entropy of its logits with the modality that
 * was attacked, a mean over the batch. It is added to the classifier's own loss.
 *
 * The network is trained on each batch unchanged and on one copy for each modality in which only that modality is
 * attacked, so that "none" and every modality are equally frequent: L = -log o(z)_{M+1} - sum over m of
 * log o(z, z_m attacked)_m, up to the factor 1 / (M + 1) of the mean.
 *
 * Yang et al., "Defending Multimodal Fusion Models against Single-Source Adversaries", CVPR 2021; the loss's form is a
 * reconstruction from the method's description.
 *
 * @param logits [batch, modalities + 1], no softmax applied: the last output of `OddOneOutFusion` with `returnWeights`
 * @param attacked [batch], int32: the attacked modality's index among the inputs, from 0, or their number M where none
 * was attacked. The values are not read back: a value outside [0, M] is not detected.
 * @returns a scalar, in nats
 * @throws {LayerError} when the shapes don't match
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { oddOneOutLoss } from '@amr/layers';
 *
 * // Two modalities; the first sample is clean, in the others the first and the second modality were attacked.
 * const undecided = tf.zeros([3, 3]) as tf.Tensor2D;
 * console.log(oddOneOutLoss(undecided, tf.tensor1d([2, 0, 1], 'int32')).arraySync()); // ln(3) = 1.099
 * ```
 */
export function oddOneOutLoss(logits: tf.Tensor2D, attacked: tf.Tensor1D): tf.Scalar {
  if (logits.rank !== 2 || attacked.rank !== 1 || logits.shape[0] !== attacked.shape[0]) {
    throw new LayerError(
      `oddOneOutLoss: got logits of shape ${formatValue(logits.shape)} and attacked of shape ` +
        `${formatValue(attacked.shape)}; expected [batch, modalities + 1] and [batch].`,
    );
  }
  return tf.tidy(() => tf.mean(crossEntropy(logits, attacked)));
}
