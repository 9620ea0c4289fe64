import * as tf from '@tensorflow/tfjs-core';
import { type Check, counted, passed, type Verdict, warning } from './check.js';
import { gradientSizes } from './gradientSizes.js';

/** Gradients whose entries are all below this are lost: common implementations add as much to a length they divide by. */
const VANISHING = 1e-12;

/** Whether cross-entropy as it is commonly computed still has a gradient, as attacks of other libraries follow it. */
export const saturatedSoftmax: Check = {
  name: 'saturated-softmax',
  needs: 'right',
  async run(subject) {
    const figures: Verdict['figures'] = {};
    const vanishing: string[] = [];
    const plain = await gradientSizes(subject, softmaxCrossEntropy);
    const robust = await gradientSizes(subject, 'cross-entropy');
    for (const [i, { modality, rows, sizes }] of plain.entries()) {
      const lost = sizes.filter((size, j) => size < VANISHING && robust[i]!.sizes[j]! >= VANISHING).length;
      figures[`${modality}: samples`] = rows.length;
      figures[`${modality}: vanishing`] = lost;
      figures[`${modality}: smallest gradient`] = Math.min(...sizes);
      if (lost > 0) vanishing.push(`'${modality}' for ${counted(lost, rows.length)}`);
    }
    return vanishing.length > 0
      ? warning(
          `The softmax is saturated: the gradient of cross-entropy, as softmax less the label gives it, vanishes with respect to ${vanishing.join(', ')}. The attacks of this library follow the log-odds, which it doesn't stop, but a loss of your own or another library's attack may be stopped and show too high a robust accuracy. Compare only with attacks on the margin or DLR.`,
          figures,
        )
      : passed('The gradient of cross-entropy vanishes for no sample.', figures);
  },
};

/** -log softmax(z)_y with the gradient that tfjs, like others, gives it. */
function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const own = tf.oneHot(tf.cast(labels, 'int32'), logits.shape[1]);
  return tf.neg(tf.sum<tf.Tensor1D>(tf.mul(tf.logSoftmax(logits), own), 1));
}
