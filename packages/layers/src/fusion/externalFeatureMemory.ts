import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { LayerError } from '../errors.js';
import { channelMeans } from '../math/channelMeans.js';
import { sparseCodes } from '../math/sparseCodes.js';
import { spectralBound } from '../math/spectralBound.js';
import {
  checkCount,
  checkedConfig,
  checkOption,
  checkPositive,
  type LayerConfig,
  type OwnKeys,
} from '../options.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { ExchangeFusion } from './fusionLayer.js';
import { exchangeMasks } from './squeezeExcitation.js';

/** Options of {@link ExternalFeatureMemory}; all are optional. */
export interface ExternalFeatureMemoryConfig extends LayerConfig {
  /** Number of entries in each modality's bank. 1 or more; default 1024. */
  slots?: number;
  /** Weight of the l1 norm of the codes, in the features' units. Above 0; default 0.1. */
  sparsity?: number;
  /** Number of FISTA steps that compute the codes, all of them differentiated. 1 or more; default 50. */
  steps?: number;
  /** Weight of the restored feature in the output; the original feature has the rest. In (0, 1]; default 0.5. */
  mix?: number;
  /** Seed of the choice of entries in {@link ExternalFeatureMemory.remember}. Default: a different choice each time. */
  seed?: number;
}

/**
 * External feature memory (ExFMem): each modality's pooled feature is approximated by a sparse combination of clean
 * training features and moved towards it. The part that an attack added is hardly such a combination, and shrinks.
 *
 * With D_m the bank of modality m, [slots, C_m], and s_m the mean of F_m over all axes but batch and channel:
 *
 * - h_m = argmin over h of 1/2 |h D_m - s_m|^2 + sparsity * |h|_1, for each sample, by a fixed number of steps of FISTA
 *   (Beck, Teboulle 2009) from h = 0
 * - F'_m = F_m + mix * (h_m D_m - s_m), the difference added at every position
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: the same shapes. The published method works on pooled features,
 * which is rank 2: F'_m = mix * h_m D_m + (1 - mix) * F_m. Features of higher rank are shifted by the same vector at every
 * position, so that their mean, the feature that is pooled later, equals that restored feature.
 *
 * **Until {@link ExternalFeatureMemory.remember} has filled the banks, the layer is exactly the identity**, so that it plugs into a
 * network that is trained first; {@link ExternalFeatureMemory.filled} tells whether they are filled. The banks are weights that are
 * saved with the model but not trained. The steps that compute the codes are differentiated, so that a white-box attack
 * gets the true gradient.
 *
 * Tian, Xu, "Can audio-visual integration strengthen robustness under multimodal attacks?", CVPR 2021 (arXiv
 * 2104.02000), together with `minSimLoss`. Objective, defaults and banks follow the authors' code; that code takes up to
 * 2000 steps of ISTA; this layer takes 50 of FISTA, whose error falls with the square of their number. The shift at rank > 2 is this
 * library's.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { ExternalFeatureMemory } from '@amr/layers';
 *
 * const memory = new ExternalFeatureMemory({ slots: 2, mix: 1, sparsity: 0.01 });
 * const clean = [tf.tensor2d([[2, 0, 0], [0, 1, 0]]), tf.tensor2d([[1, 1], [1, 0]])];
 * memory.remember(clean);
 * const [rgb] = memory.apply([tf.tensor2d([[2, 1, 0.5]]), tf.tensor2d([[1, 0.3]])]);
 * rgb!.print(); // close to [[2, 1, 0]]: no clean feature has anything in the third channel
 * ```
 */
export class ExternalFeatureMemory extends ExchangeFusion {
  /** The name of the class in saved models. */
  static readonly className = 'ExternalFeatureMemory';
  /** See {@link ExternalFeatureMemoryConfig.slots}. */
  readonly slots: number;
  /** See {@link ExternalFeatureMemoryConfig.sparsity}. */
  readonly sparsity: number;
  /** See {@link ExternalFeatureMemoryConfig.steps}. */
  readonly steps: number;
  /** See {@link ExternalFeatureMemoryConfig.mix}. */
  readonly mix: number;
  /** See {@link ExternalFeatureMemoryConfig.seed}. */
  readonly seed: number | undefined;
  /** D_m, [slots, C_m], and FISTA's step size for it, [1], which is 0 as long as the bank is empty. */
  #banks: { entries: LayerVariable; rate: LayerVariable }[] = [];

  /** @throws {LayerError} when an option is outside its range or unknown */
  constructor(config: ExternalFeatureMemoryConfig = {}) {
    super(checkedConfig('ExternalFeatureMemory', config, OWN_KEYS));
    const { slots = 1024, sparsity = 0.1, steps = 50, mix = 0.5, seed } = config;
    checkCount('ExternalFeatureMemory.slots', slots);
    checkPositive('ExternalFeatureMemory.sparsity', sparsity);
    checkCount('ExternalFeatureMemory.steps', steps);
    checkOption('ExternalFeatureMemory.mix', mix, mix > 0 && mix <= 1, 'a number above 0 and up to 1');
    this.slots = slots;
    this.sparsity = sparsity;
    this.steps = steps;
    this.mix = mix;
    this.seed = seed;
    this.supportsMasking = true;
  }

  /**
   * Fills the banks with pooled features of clean samples, and replaces what they held: `slots` of the samples, chosen at
   * random as in the published code (the same samples in each modality), or all of them where there are fewer; the
   * remaining slots stay empty and have no effect. A modality whose features are all zero is passed on unchanged.
   *
   * Call it with the layer's inputs for training samples in the trained network:
   * `model({ inputs: network.inputs, outputs: memory.input }).predict(samples)`. If the layer has not been
   * applied yet, it builds its weights for the channels of these features.
   *
   * @param features for each modality [samples, ..., C_m], of rank >= 2, of the same samples; the tensors are not kept
   * @throws {LayerError} when their number, channels or numbers of samples don't fit
   */
  remember(features: readonly tf.Tensor[]): void {
    const shapes = this.shapesOf(features.map(({ shape }) => shape));
    const samples = shapes[0]![0]!;
    if (samples === 0) {
      throw new LayerError('ExternalFeatureMemory.remember: got features of 0 samples; expected 1 or more.');
    }
    // Not by build(): only apply puts the layer's name into its weights' names, by which saved models are loaded.
    if (!this.built) tf.tidy(() => void this.apply(features.map((feature) => tf.slice(feature, 0, 1))));
    tf.tidy(() => {
      const keys = tf.randomUniform([samples], 0, 1, 'float32', this.seed);
      const { indices } = tf.topk(keys, Math.min(this.slots, samples));
      for (const [m, { entries, rate }] of this.#banks.entries()) {
        const chosen = tf.gather(channelMeans(features[m]!), indices);
        entries.write(tf.pad(chosen, [[0, this.slots - indices.size], [0, 0]])); // biome-ignore format: a matrix
        rate.write(tf.reshape(tf.divNoNan(1, spectralBound(chosen)), [1]));
      }
    });
  }

  /** Whether every bank has entries, from {@link ExternalFeatureMemory.remember} or from a saved model. Otherwise the layer does nothing. */
  async filled(): Promise<boolean> {
    const rates = await Promise.all(this.#banks.map(({ rate }) => rate.read().data()));
    return rates.length > 0 && rates.every(([rate]) => rate !== 0);
  }

  protected override addWeights(shapes: Shape[]): void {
    const empty = (name: string, shape: Shape) =>
      this.addWeight(name, shape, 'float32', initializers.zeros(), undefined, false);
    this.#banks = channelCounts(shapes).map((channels, m) => ({
      entries: empty(`bank${m}`, [this.slots, channels]),
      rate: empty(`rate${m}`, [1]),
    }));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape[] {
    return this.shapesOf(inputShape);
  }

  /** One mask, or null, for each output: the inputs' own. */
  override computeMask(inputs: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    return exchangeMasks(inputs, mask, false);
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const total = totalChannels(this.shapesOf(inputShape));
    // Two products a step, without one of the first step, and with one for the decoding.
    return 2 * this.steps * this.slots * total;
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor[] {
    return features.map((feature, m) => {
      const pooled = channelMeans(feature);
      const entries = this.#banks[m]!.entries.read() as tf.Tensor2D;
      const rate = this.#banks[m]!.rate.read() as tf.Tensor1D;
      const { sparsity, steps } = this;
      const codes = sparseCodes(pooled, entries, rate, { sparsity, steps });
      const mix = tf.mul(tf.sign(rate), this.mix); // 0 while the bank is empty: then F_m + 0, the identity
      const shift = tf.mul(tf.sub(tf.matMul(codes, entries), pooled), mix);
      if (feature.rank === 2) return tf.add(feature, shift);
      const [batch, channels] = pooled.shape;
      const positions = tf.reshape(feature, [batch, -1, channels]);
      return tf.reshape(tf.add(positions, tf.reshape(shift, [batch, 1, channels])), feature.shape);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { slots, sparsity, steps, mix, seed } = this;
    return {
      ...super.getConfig(),
      slots,
      sparsity,
      steps,
      mix,
      ...(seed === undefined ? {} : { seed }),
    };
  }
}
tf.serialization.registerClass(ExternalFeatureMemory);

const OWN_KEYS: OwnKeys<ExternalFeatureMemoryConfig> = {
  slots: true,
  sparsity: true,
  steps: true,
  mix: true,
  seed: true,
};
