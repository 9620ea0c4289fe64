import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { LayerError } from '../errors.js';
import { oneHot } from '../math/oneHot.js';

/**
 * The margin regulariser of certifiable robust multi-modal training (CRMT), a mean over the batch. It is a smooth form
 * of the smallest margin that any single modality has: minimising it enlarges the margin of the modality that the network
 * prefers less.
 *
 * L = mean over the batch of log(1e-5 + sum over m, sum over k != y of exp(e_{m,k} - e_{m,y}))
 *
 * In the first step of the training it is added to the cross-entropy of the logits, with a weight rho. The 1e-5 is the
 * published code's: margins above about 11.5 are no longer rewarded, whereas without the 1e-5 the loss would have no
 * minimum. The loss is computed as a log-sum-exp, so that no margin overflows.
 *
 * Yang, Wei, Liang, Hu, ICLR 2024 (see `OrthogonalFusion`), the regulariser of L_1 in section 4, after the authors' code.
 *
 * @param evidence [batch, modalities, classes]: the last output of `OrthogonalFusion` with `returnWeights`
 * @param labels [batch], int32, in [0, classes); not read back
 * @returns a scalar
 * @throws {LayerError} when the shapes don't match
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { crmtMarginLoss } from '@amr/layers';
 *
 * const evidence = tf.tensor3d([[[1, 0, 0], [0, 0, 0]]]);
 * console.log(crmtMarginLoss(evidence, tf.tensor1d([0], 'int32')).arraySync()); // log(2 / e + 2) = 1.006
 * ```
 */
export function crmtMarginLoss(evidence: tf.Tensor3D, labels: tf.Tensor1D): tf.Scalar {
  if (evidence.rank !== 3 || labels.rank !== 1 || evidence.shape[0] !== labels.shape[0]) {
    throw new LayerError(
      `crmtMarginLoss: got evidence of shape ${formatValue(evidence.shape)} and labels of shape ` +
        `${formatValue(labels.shape)}; expected [batch, modalities, classes] and [batch].`,
    );
  }
  return tf.tidy(() => {
    const [batch, modalities, classes] = evidence.shape;
    const own = tf.expandDims(oneHot(labels, classes), 1);
    const lead = tf.sub(evidence, tf.sum(tf.mul(evidence, own), 2, true));
    // Removes the label's own term, exp(0), from the sum, and adds 1e-5 as a term exp(ln 1e-5).
    const others = tf.reshape(tf.sub(lead, tf.mul(own, 1e9)), [batch, modalities * classes]);
    const terms = tf.concat([others, tf.fill([batch, 1], Math.log(1e-5))], 1);
    return tf.mean(tf.logSumExp(terms, 1)) as tf.Scalar;
  });
}
