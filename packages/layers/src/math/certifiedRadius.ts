import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { LayerError } from '../errors.js';
import { rejectUnknownOptions } from '../options.js';
import { oneHot } from './oneHot.js';

/** Options of {@link certifiedRadius}. */
export interface CertifiedRadiusOptions {
  /** Each modality's evidence, [batch, modalities, classes]: the last output of `OrthogonalFusion` with `returnWeights`. */
  evidence: tf.Tensor3D;
  /** The integration factors a, [modalities, classes]: from `integration()` of the layer. */
  factors: tf.Tensor2D;
  /** The bias b, [classes]: from `integration()` of the layer. */
  bias: tf.Tensor1D;
  /** The class of each sample whose radius is computed, [batch], int32. Default: the predicted class. */
  labels?: tf.Tensor1D;
  /**
   * For each modality the Lipschitz constant tau_m, in l2, of its encoder, from the input to the pooled feature; 0 means
   * that the modality cannot be changed. Or, as published, one constant tau_k^(m) for each class: that of the evidence
   * for the class. Each is 0 or more; default 1 each, which certifies changes of the pooled features themselves.
   */
  lipschitz?: readonly (number | readonly number[])[];
}

/**
 * The certified radius r of each sample under an `OrthogonalFusion`: no change of the modalities with
 * sqrt(sum over m of |delta_m|^2) < r changes the sample's class.
 *
 * r = min over k != y of
 * (sum over m of (a_y^(m) e_{m,y} - a_k^(m) e_{m,k}) + b_y - b_k) / sqrt(sum over m of L_{m,k}^2)
 *
 * where the numerator is logits_y - logits_k, and L_{m,k} bounds how fast modality m can change it. With one constant for
 * a modality, L_{m,k} = tau_m sqrt(a_y^(m)^2 + a_k^(m)^2), which holds because W~_y and W~_k are orthonormal. With one constant
 * for each class, it is the published |a_y^(m)| tau_y^(m) + |a_k^(m)| tau_k^(m), which needs no orthogonality but gives a
 * smaller radius. With `labels`, r is negative where the sample is classified otherwise.
 *
 * r is differentiable with respect to the evidence, the factors and the bias. The second step of the published training
 * maximises its mean over the batch, with the labels, by changing the factors alone.
 *
 * Yang, Wei, Liang, Hu, ICLR 2024 (see `OrthogonalFusion`), the bound of the orthogonal framework in section 4, after
 * the authors' code. That code considers the runner-up k only. The minimum over all k, which a certificate needs since
 * another class may be nearer in the features, and the tighter constant are this library's. A certificate for inputs is
 * only as good as the constants: the largest gradient seen on data, as in that code, is a lower estimate, not a bound.
 *
 * @returns [batch], in the units of the features, or of the inputs when their Lipschitz constants are given
 * @throws {LayerError} for an unknown option, for shapes or a number of constants that don't fit, and for a constant that is
 * negative or not finite
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { certifiedRadius } from '@amr/layers';
 *
 * const radius = certifiedRadius({
 *   evidence: tf.tensor3d([[[3, 0], [1, 1]]]),
 *   factors: tf.tensor2d([[1, 1], [2, 1]]),
 *   bias: tf.tensor1d([0, 0]),
 * });
 * console.log(radius.arraySync()); // logits 5 and 1, (5 - 1) / sqrt(1 + 1 + 4 + 1) = 1.512
 * ```
 */
export function certifiedRadius(options: CertifiedRadiusOptions): tf.Tensor1D {
  rejectUnknownOptions('certifiedRadius', options, OPTIONS);
  const { evidence, factors, bias, labels, lipschitz } = options;
  const [batch, modalities, classes] = evidence.shape;
  const fits =
    evidence.rank === 3 &&
    String(factors.shape) === String([modalities, classes]) &&
    String(bias.shape) === String([classes]) &&
    (labels === undefined || String(labels.shape) === String([batch]));
  if (!fits) {
    const shape = ({ shape }: tf.Tensor) => formatValue(shape);
    throw new LayerError(
      `certifiedRadius: got evidence of shape ${shape(evidence)}, factors of ${shape(factors)}, bias of ` +
        `${shape(bias)}${labels ? ` and labels of ${shape(labels)}` : ''}; expected [batch, modalities, classes], ` +
        `[modalities, classes], [classes] and [batch].`,
    );
  }
  const constants = lipschitz ?? new Array<number>(modalities).fill(1);
  checkConstants(constants, modalities, classes);
  return tf.tidy(() => {
    const logits = tf.add(tf.sum(tf.mul(evidence, factors), 1), bias) as tf.Tensor2D;
    const own = labels === undefined ? predictedClass(logits) : oneHot(labels, classes);
    const margins = tf.sub(tf.sum(tf.mul(own, logits), 1, true), logits);
    const squares = tf.matMul(own, squaredSlopes(factors, constants));
    // The lower limit is for factors of 0: their evidence cannot change the logits.
    const radii = tf.div(margins, tf.sqrt(tf.maximum(squares, 1e-20)));
    return tf.min(tf.add(radii, tf.mul(own, 1e30)), 1) as tf.Tensor1D;
  });
}

const OPTIONS = [
  'evidence',
  'factors',
  'bias',
  'labels',
  'lipschitz',
] as const satisfies readonly (keyof CertifiedRadiusOptions)[];

/** The predicted class as one-hot, with gradient 0: tfjs refuses to differentiate an argMax, even where it acts as a constant. */
function predictedClass(logits: tf.Tensor2D): tf.Tensor2D {
  const choose = tf.customGrad((z) => ({
    value: oneHot(tf.argMax(z as tf.Tensor, 1), logits.shape[1]),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return choose(logits) as tf.Tensor2D;
}

/** The sum over m of L_{m,k}^2 for each pair of classes y and k, [classes, classes], from u = |a| tau of each class. */
function squaredSlopes(
  factors: tf.Tensor2D,
  constants: readonly (number | readonly number[])[],
): tf.Tensor2D {
  const [modalities, classes] = factors.shape;
  const each = constants.map((tau) =>
    typeof tau === 'number' ? new Array<number>(classes).fill(tau) : [...tau],
  );
  const rates = tf.mul(tf.abs(factors), tf.tensor2d(each, [modalities, classes])) as tf.Tensor2D;
  const squares = tf.sum(tf.square(rates), 0);
  // (u_y + u_k)^2 has a mixed term; u_y^2 + u_k^2, for orthogonal classes, has none.
  const mixed = tf.tensor2d(constants.map((tau) => [typeof tau === 'number' ? 0 : 2]));
  const products = tf.matMul(tf.transpose(rates), tf.mul(rates, mixed)) as tf.Tensor2D;
  return tf.add(tf.add(tf.expandDims(squares, 0), tf.expandDims(squares, 1)), products) as tf.Tensor2D;
}

function checkConstants(
  constants: readonly (number | readonly number[])[],
  modalities: number,
  classes: number,
): void {
  const valid =
    constants.length === modalities &&
    constants.every((tau) => typeof tau === 'number' || tau.length === classes) &&
    constants.flat().every((tau) => Number.isFinite(tau) && tau >= 0);
  if (!valid) {
    throw new LayerError(
      mismatch(
        'certifiedRadius.lipschitz',
        constants,
        `${modalities} entries, one for each modality: a finite number that is 0 or more, or ${classes} of them, one for ` +
          'each class',
      ),
    );
  }
}
