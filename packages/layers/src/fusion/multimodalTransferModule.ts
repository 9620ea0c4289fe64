import * as tf from '@tensorflow/tfjs-core';
import { initializers, type Shape } from '@tensorflow/tfjs-layers';
import { type AffineWeights, affine } from '../math/affine.js';
import { checkedConfig, checkOneOf, checkPositive, type LayerConfig, type OwnKeys } from '../options.js';
import { seeds } from '../seeds.js';
import { totalChannels } from './featureShapes.js';
import { ExchangeFusion } from './fusionLayer.js';
import { exchangeMasks, gateChannels, squeeze, squeezeSizes } from './squeezeExcitation.js';

/** Options of {@link MultimodalTransferModule}; all are optional. */
export interface MultimodalTransferModuleConfig extends LayerConfig {
  /** The width of Z is the sum of all channels divided by this, rounded up. Above 0; default 4, the paper's. */
  reductionRatio?: number;
  /**
   * Initial values of the V_m: `'glorot'`, Glorot-uniform, or `'zeros'`, so that the module is exactly the identity when it
   * is inserted and changes no prediction of a trained network until it is trained itself. Default `'glorot'`.
   */
  initialGates?: 'glorot' | 'zeros';
  /** Adds a last output, for inspection: the concatenated sigmoid(E_m), [batch, sum of channels]. Default false. */
  returnWeights?: boolean;
  /** Seed of the initial weights. Default: a different start each time. */
  seed?: number;
}

/**
 * Multimodal transfer module, MMTM (Joze et al., "MMTM: Multimodal Transfer Module for CNN Fusion", CVPR 2020,
 * eq. 3-5): squeeze-and-excitation over all modalities together. The features of all modalities decide how much each
 * channel of each one counts. The outputs have the shapes of the inputs, so the module can follow several stages.
 *
 * With F_m of shape [batch, ..., C_m] and s_m the mean of F_m over all axes but batch and channel:
 *
 * - Z = relu(W [s_1; ...; s_M] + b), of width ceil((C_1 + ... + C_M) / reductionRatio)
 * - E_m = V_m Z + c_m
 * - F'_m = 2 * sigmoid(E_m) * F_m
 *
 * The paper has two modalities, and Z without an activation; the relu is from the authors' code. That code differs from
 * the paper in two more ways, in which this module follows the paper: its Z is twice as wide (2 (C_1 + C_2) / 4), and it
 * multiplies by sigmoid(E_m) without the factor 2. Biases start at zero, W Glorot-uniform.
 *
 * It differs from `AttentionModalityReweighter` with granularity `'channel'` in the gates' biases and their initial values:
 * the reweighter starts as the identity. Masks pass through; the means ignore them.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { MultimodalTransferModule } from '@amr/layers';
 *
 * const features = [tf.ones([2, 4, 7, 7, 16]), tf.ones([2, 8, 25, 12])];
 * const exchanged = new MultimodalTransferModule().apply(features);
 * console.log(exchanged.map(({ shape }) => shape)); // [[2, 4, 7, 7, 16], [2, 8, 25, 12]]
 * ```
 */
export class MultimodalTransferModule extends ExchangeFusion {
  /** The name of the class in saved models. */
  static readonly className = 'MultimodalTransferModule';
  /** See {@link MultimodalTransferModuleConfig.reductionRatio}. */
  readonly reductionRatio: number;
  /** See {@link MultimodalTransferModuleConfig.initialGates}. */
  readonly initialGates: 'glorot' | 'zeros';
  /** See {@link MultimodalTransferModuleConfig.returnWeights}. */
  readonly returnWeights: boolean;
  /** See {@link MultimodalTransferModuleConfig.seed}. */
  readonly seed: number | undefined;
  /** W and b. */
  #hidden!: AffineWeights;
  /** V_m and c_m of each modality. */
  #gates: AffineWeights[] = [];

  /** @throws {LayerError} when an option is outside its range or unknown */
  constructor(config: MultimodalTransferModuleConfig = {}) {
    super(checkedConfig('MultimodalTransferModule', config, OWN_KEYS));
    const { reductionRatio = 4, initialGates = 'glorot', returnWeights = false, seed } = config;
    checkPositive('MultimodalTransferModule.reductionRatio', reductionRatio);
    checkOneOf('MultimodalTransferModule.initialGates', initialGates, ['glorot', 'zeros']);
    this.reductionRatio = reductionRatio;
    this.initialGates = initialGates;
    this.returnWeights = returnWeights;
    this.seed = seed;
    this.supportsMasking = true;
  }

  protected override addWeights(shapes: Shape[]): void {
    const { channels, total, width } = squeezeSizes(shapes, this.reductionRatio);
    const seed = seeds(this.seed);
    const glorot = () => initializers.glorotUniform({ seed: seed() });
    const zeros = () => initializers.zeros();
    const first = this.initialGates === 'zeros' ? zeros : glorot;
    this.#hidden = this.addAffine('hidden', total, width, seed());
    this.#gates = channels.map((count, m) => ({
      kernel: this.addWeight(`gateKernel${m}`, [width, count], 'float32', first()),
      bias: this.addWeight(`gateBias${m}`, [count], 'float32', zeros()),
    }));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape[] {
    const shapes = this.shapesOf(inputShape);
    if (!this.returnWeights) return shapes;
    return [...shapes, [shapes[0]![0] ?? null, totalChannels(shapes)]];
  }

  /** One mask, or null, for each output: the inputs' own, and none for the weights. */
  override computeMask(inputs: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    return exchangeMasks(inputs, mask, this.returnWeights);
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const { total, width } = squeezeSizes(this.shapesOf(inputShape), this.reductionRatio);
    return 2 * total * width;
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor[] {
    const hidden = squeeze(features, this.#hidden);
    const excitations = this.#gates.map((gate) => affine(hidden, gate));
    return gateChannels(features, excitations, this.returnWeights);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { reductionRatio, initialGates, returnWeights, seed } = this;
    return {
      ...super.getConfig(),
      reductionRatio,
      initialGates,
      returnWeights,
      ...(seed === undefined ? {} : { seed }),
    };
  }
}
tf.serialization.registerClass(MultimodalTransferModule);

const OWN_KEYS: OwnKeys<MultimodalTransferModuleConfig> = {
  reductionRatio: true,
  initialGates: true,
  returnWeights: true,
  seed: true,
};
