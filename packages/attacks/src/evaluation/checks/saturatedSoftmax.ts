import * as tf from '@tensorflow/tfjs-core';
import { type Check, type CheckResult, counted, passed, warning } from '../checkContext/check.js';
import { gradientSizes } from '../checkContext/gradientSizes.js';

/** A gradient with all entries below this is lost: common implementations add as much to a length before they divide by it. */
const VANISHING = 1e-12;
/** The fraction of samples from which the check warns: trained models saturate for some, distilled ones for most. */
const MAX_FRACTION = 0.25;

/** Whether the gradient of cross-entropy in its common form, which attacks of other libraries follow, vanishes. */
export const saturatedSoftmax: Check = {
  name: 'saturated-softmax',
  needs: 'correct',
  async run(context) {
    const figures: CheckResult['figures'] = {};
    const vanishing: string[] = [];
    let warns = false;
    const softmaxSizes = await gradientSizes(context, softmaxCrossEntropy);
    const logOddsSizes = await gradientSizes(context, 'cross-entropy');
    for (const [i, { modality, rows, sizes }] of softmaxSizes.entries()) {
      const lost = sizes.filter(
        (size, j) => size < VANISHING && logOddsSizes[i]!.sizes[j]! >= VANISHING,
      ).length;
      figures[`${modality}: samples`] = rows.length;
      figures[`${modality}: vanishing`] = lost;
      figures[`${modality}: smallest gradient`] = Math.min(...sizes);
      if (lost > 0) vanishing.push(`'${modality}' for ${counted(lost, rows.length)}`);
      warns ||= lost > 0 && lost >= MAX_FRACTION * rows.length;
    }
    const seen = `The gradient of cross-entropy, computed as softmax minus one-hot label, vanishes with respect to ${vanishing.join(', ')}`;
    if (warns) {
      return warning(
        `${seen}: the softmax is saturated. The attacks of this library follow the log-odds, whose gradient doesn't vanish. A custom loss or another library's attack may fail, and then show too high a robust accuracy. Trust only attacks on log-odds, the margin or DLR.`,
        figures,
      );
    }
    return passed(
      vanishing.length > 0
        ? `${seen}, no more than is usual.`
        : 'The gradient of cross-entropy vanishes for no sample.',
      figures,
    );
  },
};

/** -log softmax(z)_y, with the gradient that tfjs, like other libraries, computes. */
function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const own = tf.oneHot(tf.cast(labels, 'int32'), logits.shape[1]);
  return tf.neg(tf.sum<tf.Tensor1D>(tf.mul(tf.logSoftmax(logits), own), 1));
}
