import * as tf from '@tensorflow/tfjs-core';

/** Features shorter than this have no direction that could be compared. */
const shortest = 1e-6;

/**
 * MinSim, the dissimilarity constraint: the cosine similarity of the modalities' pooled features, a mean over the batch
 * and over all pairs of modalities. Added to the classifier's loss (with weight 1 in the paper's code) it keeps the
 * modalities from saying the same, so that one attack doesn't carry over; subtracted, it draws them together.
 *
 * L = 2 / (M (M - 1)) * sum over pairs m < n of mean over the batch of (f_m . f_n) / (|f_m| |f_n|), in [-1, 1].
 *
 * Where a feature vector is shorter than 1e-6, its similarities are 0 and so are their gradients.
 *
 * Tian, Xu, "Can audio-visual integration strengthen robustness under multimodal attacks?", CVPR 2021 (arXiv
 * 2104.02000), where M = 2, after the authors' code; the mean over pairs for M > 2 is this library's. There the
 * features have one width and there is no projection, so other widths are an error here: project them first, with a
 * dense layer of the network.
 *
 * @param features two or more modalities' pooled features, [batch, channels] each, all of one shape; with
 * `ExternalFeatureMemory` the restored ones
 * @returns a scalar
 * @throws {Error} when there are fewer than two, or the shapes differ or are not of rank 2
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
  const shapes = features.map(({ shape }) => `[${shape}]`);
  if (features.length < 2 || features.some(({ rank }) => rank !== 2) || new Set(shapes).size > 1) {
    throw new Error(
      `minSimLoss: got ${shapes.join(' and ') || 'no features'}; expected two or more of one shape [batch, channels]. ` +
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

/** f / |f|, or 0 with gradient 0 where f is too short: neither the root nor the quotient ever sees a 0. */
function direction(feature: tf.Tensor2D): tf.Tensor {
  const square = tf.sum(tf.square(feature), 1, true);
  const long = tf.step(tf.sub(square, shortest ** 2)); // a comparison would have no gradient, not even 0
  return tf.mul(feature, tf.div(long, tf.sqrt(tf.maximum(square, shortest ** 2))));
}
