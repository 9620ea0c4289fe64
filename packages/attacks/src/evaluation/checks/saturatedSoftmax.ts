import * as tf from '@tensorflow/tfjs-core';
import { type Check, type CheckResult, counted, passed, warning } from '../checkContext/check.js';
import { gradientSizes } from '../checkContext/gradientSizes.js';

/** Gradients whose entries are all below this are lost: common implementations add as much to a length they divide by. */
const VANISHING = 1e-12;
/** Share of the samples from which it counts: trained models are that sure of some, defensive distillation makes it most. */
const MANY = 0.25;

/** Whether cross-entropy as it is commonly computed still has a gradient, as attacks of other libraries follow it. */
export const saturatedSoftmax: Check = {
  name: 'saturated-softmax',
  needs: 'correct',
  async run(subject) {
    const figures: CheckResult['figures'] = {};
    const vanishing: string[] = [];
    let many = false;
    const plain = await gradientSizes(subject, softmaxCrossEntropy);
    const robust = await gradientSizes(subject, 'cross-entropy');
    for (const [i, { modality, rows, sizes }] of plain.entries()) {
      const lost = sizes.filter((size, j) => size < VANISHING && robust[i]!.sizes[j]! >= VANISHING).length;
      figures[`${modality}: samples`] = rows.length;
      figures[`${modality}: vanishing`] = lost;
      figures[`${modality}: smallest gradient`] = Math.min(...sizes);
      if (lost > 0) vanishing.push(`'${modality}' for ${counted(lost, rows.length)}`);
      many ||= lost > 0 && lost >= MANY * rows.length;
    }
    const seen = `The gradient of cross-entropy, as softmax less the label gives it, vanishes with respect to ${vanishing.join(', ')}`;
    if (many) {
      return warning(
        `${seen}: the softmax is saturated. The attacks of this library follow the log-odds, which that doesn't stop, but it may stop a loss of your own or another library's attack, which then shows too high a robust accuracy. Trust only attacks on log-odds, the margin or DLR.`,
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

/** -log softmax(z)_y with the gradient that tfjs, like others, gives it. */
function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const own = tf.oneHot(tf.cast(labels, 'int32'), logits.shape[1]);
  return tf.neg(tf.sum<tf.Tensor1D>(tf.mul(tf.logSoftmax(logits), own), 1));
}
