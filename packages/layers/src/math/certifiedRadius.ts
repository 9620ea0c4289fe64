import * as tf from '@tensorflow/tfjs-core';
import { oneHot } from './oneHot.js';

/** What {@link certifiedRadius} takes. */
export interface CertifiedRadiusOptions {
  /** Each modality's evidence, [batch, modalities, classes]: the last output of `OrthogonalFusion` with `returnWeights`. */
  evidence: tf.Tensor3D;
  /** The integration factors a, [modalities, classes]: from `integration()` of the layer. */
  factors: tf.Tensor2D;
  /** The bias b, [classes]: from `integration()` of the layer. */
  bias: tf.Tensor1D;
  /** The classes whose radius is asked for, [batch], int32. Default: those predicted. */
  labels?: tf.Tensor1D;
  /**
   * For each modality the Lipschitz constant tau_m, in l2, of what comes before: the encoder from its input to the
   * pooled feature. 0: this modality cannot be changed. Or, as published, one constant tau_k^(m) for each class: that of
   * the evidence for it. Not negative; default 1 each, which certifies changes of the pooled features themselves.
   */
  lipschitz?: readonly (number | readonly number[])[];
}

/**
 * The certified radius of each sample under an `OrthogonalFusion`: as long as the modalities' changes together stay
 * below it, sqrt(sum over m of |delta_m|^2) < r, the sample's class stays the same.
 *
 * r = min over k != y of
 * (sum over m of (a_y^(m) e_{m,y} - a_k^(m) e_{m,k}) + b_y - b_k) / sqrt(sum over m of L_{m,k}^2)
 *
 * where the numerator is logits_y - logits_k, and L_{m,k} is how fast modality m can change it. With one constant for a
 * modality L_{m,k} = tau_m sqrt(a_y^(m)^2 + a_k^(m)^2), which holds because W~_y and W~_k are orthonormal. With one for
 * each class it is the published |a_y^(m)| tau_y^(m) + |a_k^(m)| tau_k^(m), which holds without that but is smaller. With
 * `labels`, r is negative where the sample is classified otherwise.
 *
 * It has a gradient for the evidence, the factors and the bias. The second step of the published training minimises the
 * negative of its mean over the batch by the factors alone, with the labels.
 *
 * Yang, Wei, Liang, Hu, ICLR 2024 (see `OrthogonalFusion`), the bound of the orthogonal framework in section 4, after
 * the authors' code. That looks at the runner-up k only; the minimum over all k, which a certificate needs since another
 * class may be nearer in the features, and the sharper constant are this library's. A certificate for inputs is only as
 * good as the constants: the largest gradient seen on data, as in that code, is an estimate from below, not a bound.
 *
 * @returns [batch], in the units of the features, or of the inputs with their Lipschitz constants
 * @throws {Error} when the shapes or the number of constants don't fit, or a constant is negative or not finite
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
export function certifiedRadius({
  evidence,
  factors,
  bias,
  labels,
  lipschitz,
}: CertifiedRadiusOptions): tf.Tensor1D {
  const [batch, modalities, classes] = evidence.shape;
  const fits =
    evidence.rank === 3 &&
    String(factors.shape) === String([modalities, classes]) &&
    String(bias.shape) === String([classes]) &&
    (labels === undefined || String(labels.shape) === String([batch]));
  if (!fits) {
    throw new Error(
      `certifiedRadius: got evidence of shape [${evidence.shape}], factors of [${factors.shape}], bias of ` +
        `[${bias.shape}]${labels ? ` and labels of [${labels.shape}]` : ''}; expected [batch, modalities, classes], ` +
        `[modalities, classes], [classes] and [batch].`,
    );
  }
  const constants = lipschitz ?? new Array<number>(modalities).fill(1);
  checkConstants(constants, modalities, classes);
  return tf.tidy(() => {
    const logits = tf.add(tf.sum(tf.mul(evidence, factors), 1), bias) as tf.Tensor2D;
    const own = labels === undefined ? predicted(logits) : oneHot(labels, classes);
    const margins = tf.sub(tf.sum(tf.mul(own, logits), 1, true), logits);
    const squares = tf.matMul(own, squaredSlopes(factors, constants));
    // The floor is for factors of 0, whose evidence cannot change anything.
    const radii = tf.div(margins, tf.sqrt(tf.maximum(squares, 1e-20)));
    return tf.min(tf.add(radii, tf.mul(own, 1e30)), 1) as tf.Tensor1D;
  });
}

/** The largest logit as one-hot, with gradient 0: tfjs refuses to differentiate an argMax, even one that is a constant. */
function predicted(logits: tf.Tensor2D): tf.Tensor2D {
  const choose = tf.customGrad((z) => ({
    value: oneHot(tf.argMax(z as tf.Tensor, 1), logits.shape[1]),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return choose(logits) as tf.Tensor2D;
}

/** For y and k, [classes, classes]: the sum over m of L_{m,k}^2 against y, where u = |a| tau is each class's own share. */
function squaredSlopes(
  factors: tf.Tensor2D,
  constants: readonly (number | readonly number[])[],
): tf.Tensor2D {
  const [modalities, classes] = factors.shape;
  const each = constants.map((tau) =>
    typeof tau === 'number' ? new Array<number>(classes).fill(tau) : [...tau],
  );
  const shares = tf.mul(tf.abs(factors), tf.tensor2d(each, [modalities, classes])) as tf.Tensor2D;
  const squares = tf.sum(tf.square(shares), 0);
  // (u_y + u_k)^2 against u_y^2 + u_k^2: orthogonal classes have no mixed term.
  const mixed = tf.tensor2d(constants.map((tau) => [typeof tau === 'number' ? 0 : 2]));
  const products = tf.matMul(tf.transpose(shares), tf.mul(shares, mixed)) as tf.Tensor2D;
  return tf.add(tf.add(tf.expandDims(squares, 0), tf.expandDims(squares, 1)), products) as tf.Tensor2D;
}

function checkConstants(
  constants: readonly (number | readonly number[])[],
  modalities: number,
  classes: number,
): void {
  const sound =
    constants.length === modalities &&
    constants.every((tau) => typeof tau === 'number' || tau.length === classes) &&
    constants.flat().every((tau) => Number.isFinite(tau) && tau >= 0);
  if (!sound) {
    throw new Error(
      `certifiedRadius: got lipschitz ${JSON.stringify(constants)}; expected ${modalities} entries, one for each ` +
        `modality, each a finite number, 0 or more, or ${classes} of them, one for each class.`,
    );
  }
}
