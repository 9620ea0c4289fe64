import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { type AffineWeights, affine } from '../math/affine.js';
import { scaleFeatures } from '../math/scaleFeatures.js';
import {
  checkedConfig,
  checkOneOf,
  checkOption,
  checkPositive,
  type LayerConfig,
  type OwnKeys,
} from '../options.js';
import { totalChannels } from './featureShapes.js';
import { ExchangeFusion } from './fusionLayer.js';
import { exchangeMasks, gateChannels, squeeze, squeezeSizes } from './squeezeExcitation.js';

/** Options of {@link AttentionModalityReweighter}; all are optional. */
export interface AttentionModalityReweighterConfig extends LayerConfig {
  /**
   * `'modality'`: one weight per modality, a softmax over them. `'channel'`: one gate per channel and modality, a
   * sigmoid. Default `'modality'`.
   */
  granularity?: 'modality' | 'channel';
  /** The hidden width is the sum of all channels divided by this, rounded up. Above 0; default 4. */
  reductionRatio?: number;
  /**
   * Divides the softmax's logits: a value below 1 makes the weights sharper, a value above 1 flatter. Above 0; default 1.
   * Only granularity `'modality'` has it.
   */
  temperature?: number;
  /**
   * Adds a last output, for inspection: the softmax weights [batch, modalities], or with `'channel'` the sigmoid gates
   * [batch, sum of channels] in the order of the inputs. Default false.
   */
  returnWeights?: boolean;
  /** Seed of the hidden kernel's initial values. Default: a different start each time. */
  seed?: number;
}

/**
 * Attention modality reweighter (AMR): computes from the pooled features of all modalities together how much each of them
 * counts, and scales their features accordingly. The outputs have the shapes of the inputs, so that the layer plugs in
 * between any two layers of a network with several branches.
 *
 * With M modalities, F_m of shape [batch, ..., C_m] and s_m the mean of F_m over all axes but batch and channel:
 *
 * - z = relu(W [s_1; ...; s_M] + b), of width ceil((C_1 + ... + C_M) / reductionRatio)
 * - `'modality'`: a = softmax((V z + c) / temperature) over the modalities; F'_m = M * a_m * F_m
 * - `'channel'`: F'_m = 2 * sigmoid(V_m z) * F_m, with V_m onto the C_m channels of modality m
 *
 * V, c and V_m start at zero, so that the layer is exactly the identity when it is inserted: plugged into a trained
 * network, it changes no prediction until it is trained. Masks pass through; the means ignore them.
 *
 * This is a reconstruction: the formula, its defaults and its initial values are this library's reading of the layer
 * in "Adversarial Robustness in RGB-Skeleton Action Recognition: Leveraging Attention Modality Reweighter" (IJCB
 * 2024, arXiv 2407.19981), not its published code. The channel form is that of the multimodal transfer module (Joze
 * et al., CVPR 2020, eq. 3-5).
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model } from '@tensorflow/tfjs-layers';
 * import { AttentionModalityReweighter } from '@amr/layers';
 *
 * const rgb = input({ shape: [4, 7, 7, 16] });
 * const skeleton = input({ shape: [8, 25, 12] });
 * const outputs = new AttentionModalityReweighter({ returnWeights: true }).apply([rgb, skeleton]);
 * const reweighter = model({ inputs: [rgb, skeleton], outputs });
 * const clips = [tf.ones([2, 4, 7, 7, 16]), tf.ones([2, 8, 25, 12])];
 * const [, , weights] = reweighter.predict(clips) as tf.Tensor[];
 * console.log(weights!.arraySync()); // [[0.5, 0.5], [0.5, 0.5]]: not trained yet
 * ```
 */
export class AttentionModalityReweighter extends ExchangeFusion {
  /** The name of the class in saved models. */
  static readonly className = 'AttentionModalityReweighter';
  /** See {@link AttentionModalityReweighterConfig.granularity}. */
  readonly granularity: 'modality' | 'channel';
  /** See {@link AttentionModalityReweighterConfig.reductionRatio}. */
  readonly reductionRatio: number;
  /** See {@link AttentionModalityReweighterConfig.temperature}. */
  readonly temperature: number;
  /** See {@link AttentionModalityReweighterConfig.returnWeights}. */
  readonly returnWeights: boolean;
  /** See {@link AttentionModalityReweighterConfig.seed}. */
  readonly seed: number | undefined;
  /** W and b. */
  #hidden!: AffineWeights;
  /** V and c of `'modality'`, or the V_m of `'channel'`. */
  #attention: LayerVariable[] = [];

  /** @throws {LayerError} when an option is outside its range or unknown */
  constructor(config: AttentionModalityReweighterConfig = {}) {
    super(checkedConfig('AttentionModalityReweighter', config, OWN_KEYS));
    const {
      granularity = 'modality',
      reductionRatio = 4,
      temperature = 1,
      returnWeights = false,
      seed,
    } = config;
    checkOneOf('AttentionModalityReweighter.granularity', granularity, ['modality', 'channel']);
    checkPositive('AttentionModalityReweighter.reductionRatio', reductionRatio);
    checkPositive('AttentionModalityReweighter.temperature', temperature);
    checkOption(
      'AttentionModalityReweighter.temperature',
      temperature,
      granularity === 'modality' || temperature === 1,
      "no temperature with granularity 'channel', whose gates have none",
      "Leave it out or use granularity 'modality'.",
    );
    this.granularity = granularity;
    this.reductionRatio = reductionRatio;
    this.temperature = temperature;
    this.returnWeights = returnWeights;
    this.seed = seed;
    this.supportsMasking = true;
  }

  protected override addWeights(shapes: Shape[]): void {
    const { channels, total, width } = squeezeSizes(shapes, this.reductionRatio);
    const zeros = () => initializers.zeros();
    this.#hidden = this.addAffine('hidden', total, width, this.seed);
    this.#attention =
      this.granularity === 'modality'
        ? [
            this.addWeight('attentionKernel', [width, channels.length], 'float32', zeros()),
            this.addWeight('attentionBias', [channels.length], 'float32', zeros()),
          ]
        : channels.map((count, m) => this.addWeight(`gateKernel${m}`, [width, count], 'float32', zeros()));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape[] {
    const shapes = this.shapesOf(inputShape);
    if (!this.returnWeights) return shapes;
    return [...shapes, [shapes[0]![0] ?? null, this.#weightsOf(shapes)]];
  }

  /** One mask, or null, for each output: the inputs' own, and none for the weights. */
  override computeMask(inputs: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    return exchangeMasks(inputs, mask, this.returnWeights);
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const shapes = this.shapesOf(inputShape);
    const { total, width } = squeezeSizes(shapes, this.reductionRatio);
    return (total + this.#weightsOf(shapes)) * width;
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor[] {
    const hidden = squeeze(features, this.#hidden);
    if (this.granularity === 'channel') {
      const logits = this.#attention.map((kernel) => tf.matMul(hidden, kernel.read() as tf.Tensor2D));
      return gateChannels(features, logits, this.returnWeights);
    }
    const { scales, weights } = this.#modalityScales(hidden);
    const outputs = features.map((feature, m) => scaleFeatures(feature, scales[m]!));
    return this.returnWeights ? [...outputs, weights] : outputs;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { granularity, reductionRatio, temperature, returnWeights, seed } = this;
    return {
      ...super.getConfig(),
      granularity,
      reductionRatio,
      temperature,
      returnWeights,
      ...(seed === undefined ? {} : { seed }),
    };
  }

  /** The number of weights of a sample: see {@link AttentionModalityReweighterConfig.returnWeights}. */
  #weightsOf(shapes: Shape[]): number {
    return this.granularity === 'modality' ? shapes.length : totalChannels(shapes);
  }

  /** M * a_m as [batch, 1] for each modality, and a as [batch, M]. */
  #modalityScales(hidden: tf.Tensor2D) {
    const [kernel, bias] = this.#attention as [LayerVariable, LayerVariable];
    const logits = tf.div(affine(hidden, { kernel, bias }), this.temperature);
    // Not tf.softmax times M: M * exp(0) / sum is exactly 1 for equal logits on every backend, M * (1 / M) is not.
    const exponents = tf.exp(tf.sub(logits, tf.max(logits, -1, true)));
    const sum = tf.sum(exponents, -1, true);
    const modalities = logits.shape[1]!;
    const scales = tf.div(tf.mul(exponents, modalities), sum);
    return { scales: tf.split(scales, modalities, 1), weights: tf.div(exponents, sum) };
  }
}
tf.serialization.registerClass(AttentionModalityReweighter);

const OWN_KEYS: OwnKeys<AttentionModalityReweighterConfig> = {
  granularity: true,
  reductionRatio: true,
  temperature: true,
  returnWeights: true,
  seed: true,
};
