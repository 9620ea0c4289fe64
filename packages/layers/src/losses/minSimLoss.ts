import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { LayerError } from '../errors.js';

/** Features with a smaller norm have no direction that could be compared. */
const MIN_NORM = 1e-6;

/**
 * MinSim, the dissimilarity constraint: the cosine similarity of the modalities' pooled features, a mean over the batch
 * and over all pairs of modalities. Added to the classifier's loss (with weight 1 in the paper's code), it makes the
 * modalities' features dissimilar, so that an attack on one doesn't transfer to the others; subtracted, it makes them similar.
 *
 * L = 2 / (M (M - 1)) * sum over pairs m < n of mean over the batch of (f_m . f_n) / (|f_m| |f_n|), in [-1, 1].
 *
 * The similarities of a feature vector with a norm below 1e-6 are 0, and so are their gradients.
 *
 * Tian, Xu, "Can audio-visual integration strengthen robustness under multimodal attacks?", CVPR 2021 (arXiv
 * 2104.02000), where M = 2, after the authors' code; the mean over pairs for M > 2 is this library's. In the paper
 * all features have one width and there is no projection. Features of different widths are therefore an error: project
 * them first, with a dense layer of the network.
 *
 * @param features two or more modalities' pooled features, [batch, channels] each, all of one shape; with
 * `ExternalFeatureMemory` the restored ones
 * @returns a scalar
 * @throws {LayerError} when there are fewer than two, or the shapes differ or are not of rank 2
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { minSimLoss } from '@amr/layers';
 *
 * const rgb = tf.tensor2d([[1, 0], [3, 4]]);
 * const skeleton = tf.tensor2d([[0, 2], [6, 8]]);
 * console.log(minSimLoss([rgb, skeleton]).arraySync()); // (0 + 1) / 2 = 0.5
 * ```
 */
export function minSimLoss(features: readonly tf.Tensor2D[]): tf.Scalar {
  const shapes = features.map(({ shape }) => formatValue(shape));
  if (features.length < 2 || features.some(({ rank }) => rank !== 2) || new Set(shapes).size > 1) {
    throw new LayerError(
      `minSimLoss.features: got ${shapes.join(' and ') || 'no features'}; expected two or more of one shape [batch, channels]. ` +
        `Pool features of more axes with channelMeans, and project other widths onto one with a dense layer.`,
    );
  }
  return tf.tidy(() => {
    const directions = features.map(direction);
    const similarities = directions.flatMap((one, m) =>
      directions.slice(m + 1).map((other) => tf.sum(tf.mul(one, other), 1)),
    );
    return tf.mean(tf.stack(similarities)) as tf.Scalar;
  });
}

/** f / |f|, or 0 with gradient 0 where |f| is too small: the root and the quotient never get a 0. */
function direction(feature: tf.Tensor2D): tf.Tensor {
  const square = tf.sum(tf.square(feature), 1, true);
  const long = tf.step(tf.sub(square, MIN_NORM ** 2)); // a comparison would have no gradient, not even 0
  return tf.mul(feature, tf.div(long, tf.sqrt(tf.maximum(square, MIN_NORM ** 2))));
}
