import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { channelMeans } from '../math/channelMeans.js';
import { checkCount, checkedConfig, type LayerConfig, type OwnKeys } from '../options.js';
import { seeds } from '../seeds.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link GatedMultimodalUnit}. */
export interface GatedMultimodalUnitConfig extends LayerConfig {
  /** Width of the fused vector. */
  units: number;
  /**
   * Adds a second output, for inspection: the gates [batch, modalities * units] in the order of the inputs, for two
   * modalities z and 1 - z. Default false.
   */
  returnWeights?: boolean;
  /** Seed of the initial weights. Default: a different start each time. */
  seed?: number;
}

/**
 * Gated multimodal unit (Arevalo et al., "Gated Multimodal Units for Information Fusion", ICLR 2017 workshop,
 * arXiv 1702.01992, section 3.1): a gate for each unit of the fused vector, computed from all modalities, decides
 * which of them the unit comes from. With x_m the mean of F_m over all axes but batch and channel:
 *
 * - h_m = tanh(W_m x_m)
 * - two modalities, with tied gates: z = sigmoid(W_z [x_1; x_2]); h = z * h_1 + (1 - z) * h_2
 * - three or more: z_m = sigmoid(W_zm [x_1; ...; x_M]); h = sum_m z_m * h_m
 *
 * As in the paper there are no biases. The authors' code, for two modalities only, computes the gate from the W_m x_m
 * instead of the x_m; this layer follows the paper. All matrices start Glorot-uniform.
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: h as [batch, units]; with `returnWeights` also the gates.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { GatedMultimodalUnit } from '@amr/layers';
 *
 * const unit = new GatedMultimodalUnit({ units: 10, returnWeights: true });
 * const [fused, gates] = [unit.apply([tf.ones([2, 4, 7, 7, 16]), tf.ones([2, 8, 25, 12])])].flat();
 * console.log(fused!.shape, gates!.shape); // [2, 10] [2, 20]
 * ```
 */
export class GatedMultimodalUnit extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'GatedMultimodalUnit';
  /** See {@link GatedMultimodalUnitConfig.units}. */
  readonly units: number;
  /** See {@link GatedMultimodalUnitConfig.returnWeights}. */
  readonly returnWeights: boolean;
  /** See {@link GatedMultimodalUnitConfig.seed}. */
  readonly seed: number | undefined;
  /** W_m of each modality. */
  #kernels: LayerVariable[] = [];
  /** W_z for two modalities, W_zm of each modality for more. */
  #gateKernels: LayerVariable[] = [];

  /** @throws {LayerError} when `units` is not a whole number from 1, or an option is unknown */
  constructor(config: GatedMultimodalUnitConfig) {
    super(checkedConfig('GatedMultimodalUnit', config, OWN_KEYS));
    checkCount('GatedMultimodalUnit.units', config.units);
    this.units = config.units;
    this.returnWeights = config.returnWeights ?? false;
    this.seed = config.seed;
  }

  override get role(): FusionRole {
    return 'fuse';
  }

  protected override addWeights(shapes: Shape[]): void {
    const seed = seeds(this.seed);
    const matrix = (name: string, rows: number) =>
      this.addWeight(name, [rows, this.units], 'float32', initializers.glorotUniform({ seed: seed() }));
    const { channels, total, gates } = sizesOf(shapes);
    this.#kernels = channels.map((count, m) => matrix(`kernel${m}`, count));
    this.#gateKernels = Array.from({ length: gates }, (_, m) => matrix(`gateKernel${m}`, total));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = this.shapesOf(inputShape);
    const batch = shapes[0]![0] ?? null;
    const fused = [batch, this.units];
    return this.returnWeights ? [fused, [batch, shapes.length * this.units]] : fused;
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const { total, gates } = sizesOf(this.shapesOf(inputShape));
    return total * this.units * (1 + gates);
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    const pooled = features.map(channelMeans);
    const all = tf.concat(pooled, 1);
    const project = (x: tf.Tensor2D, kernel: LayerVariable) => tf.matMul(x, kernel.read() as tf.Tensor2D);
    const hidden = pooled.map((x, m) => tf.tanh(project(x, this.#kernels[m]!)));
    const gates = this.#gateKernels.map((kernel) => tf.sigmoid(project(all, kernel)));
    if (gates.length === 1) gates.push(tf.sub(1, gates[0]!));
    const fused = tf.addN(hidden.map((h, m) => tf.mul(gates[m]!, h)));
    return this.returnWeights ? [fused, tf.concat(gates, 1)] : fused;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, returnWeights, seed } = this;
    return { ...super.getConfig(), units, returnWeights, ...(seed === undefined ? {} : { seed }) };
  }
}
tf.serialization.registerClass(GatedMultimodalUnit);

const OWN_KEYS: OwnKeys<GatedMultimodalUnitConfig> = { units: true, returnWeights: true, seed: true };

function sizesOf(shapes: Shape[]) {
  const channels = channelCounts(shapes);
  return { channels, total: totalChannels(shapes), gates: channels.length === 2 ? 1 : channels.length };
}
