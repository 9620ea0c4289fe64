import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { channelMeans } from '../math/channelMeans.js';
import { sparseCodes } from '../math/sparseCodes.js';
import { spectralBound } from '../math/spectralBound.js';
import { positive, wholeNumber } from '../options.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { ExchangeFusion, type LayerConfig } from './fusionLayer.js';
import { exchangedMasks } from './squeezeExcitation.js';

/** What {@link ExternalFeatureMemory} can be told; everything has a default. */
export interface ExternalFeatureMemoryConfig extends LayerConfig {
  /** Entries of each modality's bank. 1 or more; default 1024. */
  slots?: number;
  /** Weight of the l1 norm of the codes, in the features' units. Above 0; default 0.1. */
  sparsity?: number;
  /** Steps of FISTA that look for the codes, all of them differentiated. 1 or more; default 50. */
  steps?: number;
  /** Share of the restored feature in the output; the rest is the feature as it came. In (0, 1]; default 0.5. */
  mix?: number;
  /** Seed of the choice of entries in {@link ExternalFeatureMemory.remember}. Absent: a different choice each time. */
  seed?: number;
}

/**
 * External feature memory (ExFMem): each modality's pooled feature is written as a sparse combination of clean training
 * features, which an attack's share of it is not, and moved towards that combination.
 *
 * With D_m the bank of modality m, [slots, C_m], and s_m the mean of F_m over all axes but batch and channel:
 *
 * - h_m = argmin over h of 1/2 |h D_m - s_m|^2 + sparsity * |h|_1, for each sample, by a fixed number of steps of FISTA
 *   (Beck, Teboulle 2009) from h = 0
 * - F'_m = F_m + mix * (h_m D_m - s_m), the difference added at every position
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: the same shapes. The published method works on pooled features,
 * which is rank 2: F'_m = mix * h_m D_m + (1 - mix) * F_m. Features of higher rank are shifted as a whole, so that
 * their mean, and with it whatever is pooled later, is just that restored feature.
 *
 * **Until {@link ExternalFeatureMemory.remember} has filled the banks the layer is exactly the identity**, so that it plugs into a network
 * that is to be trained first; {@link ExternalFeatureMemory.filled} tells. The banks are weights that are saved with the model and not
 * trained. The codes are found by steps that tfjs differentiates, so a white-box attack sees through them.
 *
 * Tian, Xu, "Can audio-visual integration strengthen robustness under multimodal attacks?", CVPR 2021 (arXiv
 * 2104.02000), together with `minSimLoss`. Objective, defaults and banks follow the authors' code; it takes up to 2000
 * steps of ISTA where this takes 50 of FISTA, whose error falls with their square. The shift at rank > 2 is this
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
  /** The name that saved models know this layer by. */
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
  /** D_m, [slots, C_m], and the length of a step in it, [1], which is 0 as long as the bank is empty. */
  private banks: { entries: LayerVariable; rate: LayerVariable }[] = [];

  /** @throws {Error} when an option is out of its range */
  constructor(config: ExternalFeatureMemoryConfig = {}) {
    super(config);
    const { slots = 1024, sparsity = 0.1, steps = 50, mix = 0.5, seed } = config;
    wholeNumber('ExternalFeatureMemory', 'slots', slots);
    positive('ExternalFeatureMemory', 'sparsity', sparsity);
    wholeNumber('ExternalFeatureMemory', 'steps', steps);
    if (!(mix > 0 && mix <= 1)) {
      throw new Error(`ExternalFeatureMemory: got mix ${mix}; expected a number above 0, up to 1.`);
    }
    this.slots = slots;
    this.sparsity = sparsity;
    this.steps = steps;
    this.mix = mix;
    this.seed = seed;
    this.supportsMasking = true;
  }

  /**
   * Fills the banks with pooled features of clean samples, in place of what they held: `slots` of the samples, chosen at
   * random as the published code does (the same samples in each modality), or all of them where they are fewer; the
   * slots left over stay empty and take no part. A modality whose features are all zero stays as it is.
   *
   * Call it with what the layer gets for training samples in the trained network:
   * `model({ inputs: network.inputs, outputs: memory.input }).predict(samples)`. Before the layer is first applied it
   * takes the numbers of channels from what it is given here.
   *
   * @param features for each modality [samples, ..., C_m], of rank >= 2, from the same samples; they are not kept
   * @throws {Error} when their number, channels or numbers of samples don't fit
   */
  remember(features: readonly tf.Tensor[]): void {
    const shapes = this.shapesOf(features.map(({ shape }) => shape));
    const samples = shapes[0]![0]!;
    if (samples === 0) {
      throw new Error('ExternalFeatureMemory: remember got features of 0 samples; expected 1 or more.');
    }
    // Not by build(): only apply puts the layer's name into those of its weights, which a saved model is read by.
    if (!this.built) tf.tidy(() => void this.apply(features.map((feature) => tf.slice(feature, 0, 1))));
    tf.tidy(() => {
      const lots = tf.randomUniform([samples], 0, 1, 'float32', this.seed);
      const { indices } = tf.topk(lots, Math.min(this.slots, samples));
      for (const [m, { entries, rate }] of this.banks.entries()) {
        const chosen = tf.gather(channelMeans(features[m]!), indices);
        entries.write(tf.pad(chosen, [[0, this.slots - indices.size], [0, 0]])); // biome-ignore format: a matrix
        rate.write(tf.reshape(tf.divNoNan(1, spectralBound(chosen)), [1]));
      }
    });
  }

  /** Whether every bank holds something, by {@link ExternalFeatureMemory.remember} or from a file: without that the layer does nothing. */
  async filled(): Promise<boolean> {
    const rates = await Promise.all(this.banks.map(({ rate }) => rate.read().data()));
    return rates.length > 0 && rates.every(([rate]) => rate !== 0);
  }

  protected override addWeights(shapes: Shape[]): void {
    const empty = (name: string, shape: Shape) =>
      this.addWeight(name, shape, 'float32', initializers.zeros(), undefined, false);
    this.banks = channelCounts(shapes).map((channels, m) => ({
      entries: empty(`bank${m}`, [this.slots, channels]),
      rate: empty(`rate${m}`, [1]),
    }));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape[] {
    return this.shapesOf(inputShape);
  }

  /** One mask, or null, for each output: the inputs' own. */
  override computeMask(inputs: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    return exchangedMasks(inputs, mask, false);
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const total = totalChannels(this.shapesOf(inputShape));
    // Two products a step, of which the first step saves one; the decoding takes it back.
    return 2 * this.steps * this.slots * total;
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor[] {
    return features.map((feature, m) => {
      const pooled = channelMeans(feature);
      const entries = this.banks[m]!.entries.read() as tf.Tensor2D;
      const rate = this.banks[m]!.rate.read() as tf.Tensor1D;
      const { sparsity, steps } = this;
      const codes = sparseCodes(pooled, entries, rate, { sparsity, steps });
      const share = tf.mul(tf.sign(rate), this.mix); // 0 while the bank is empty: then F_m + 0, the identity
      const shift = tf.mul(tf.sub(tf.matMul(codes, entries), pooled), share);
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
