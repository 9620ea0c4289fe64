import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { LayerError } from '../errors.js';
import { channelMeans } from '../math/channelMeans.js';
import { checkCount, checkedConfig, type LayerConfig, type OwnKeys } from '../options.js';
import { seeds } from '../seeds.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link SumFusion}; all are optional. */
export interface SumFusionConfig extends LayerConfig {
  /**
   * Width onto which each modality is projected by its own matrix, without bias. Default: no projection; the modalities
   * must then have equally many channels.
   */
  units?: number;
  /** Divides the sum by the number of modalities. Default false. */
  average?: boolean;
  /** Seed of the projections' initial values. Default: a different start each time. */
  seed?: number;
}

/**
 * Fusion by addition. With s_m the mean of F_m over all axes but batch and channel: h = sum_m s_m, or with `units`
 * h = sum_m W_m s_m; with `average` divided by M. The projections start Glorot-uniform.
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: [batch, C], or [batch, units].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { SumFusion } from '@amr/layers';
 *
 * const features = [tf.ones([2, 4, 7, 7, 16]), tf.ones([2, 8, 25, 12])];
 * console.log(new SumFusion({ units: 10 }).apply(features).shape); // [2, 10]
 * ```
 */
export class SumFusion extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'SumFusion';
  /** See {@link SumFusionConfig.units}. */
  readonly units: number | undefined;
  /** See {@link SumFusionConfig.average}. */
  readonly average: boolean;
  /** See {@link SumFusionConfig.seed}. */
  readonly seed: number | undefined;
  #kernels: LayerVariable[] = [];

  /** @throws {LayerError} when `units` is not a whole number from 1, or an option is unknown */
  constructor(config: SumFusionConfig = {}) {
    super(checkedConfig('SumFusion', config, OWN_KEYS));
    if (config.units !== undefined) checkCount('SumFusion.units', config.units);
    this.units = config.units;
    this.average = config.average ?? false;
    this.seed = config.seed;
  }

  override get role(): FusionRole {
    return 'fuse';
  }

  protected override addWeights(shapes: Shape[]): void {
    const { units } = this;
    if (units === undefined) return;
    const seed = seeds(this.seed);
    this.#kernels = channelCounts(shapes).map((count, m) => {
      const glorot = initializers.glorotUniform({ seed: seed() });
      return this.addWeight(`kernel${m}`, [count, units], 'float32', glorot);
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shapes = this.shapesOf(inputShape);
    return [shapes[0]![0] ?? null, this.units ?? channelCounts(shapes)[0]!];
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const total = totalChannels(this.shapesOf(inputShape));
    return total * (this.units ?? 0);
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor {
    const pooled = features.map(channelMeans);
    const projected = this.#kernels.map((kernel, m) => tf.matMul(pooled[m]!, kernel.read() as tf.Tensor2D));
    const sum = tf.addN(this.units === undefined ? pooled : projected);
    return this.average ? tf.div(sum, features.length) : sum;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, average, seed } = this;
    return {
      ...super.getConfig(),
      ...(units === undefined ? {} : { units }),
      average,
      ...(seed === undefined ? {} : { seed }),
    };
  }

  protected override shapesOf(inputShape: Shape | Shape[]): Shape[] {
    const shapes = super.shapesOf(inputShape);
    const channels = channelCounts(shapes);
    if (this.units === undefined && new Set(channels).size > 1) {
      throw new LayerError(
        `SumFusion: got ${channels.join(' and ')} channels; expected equally many in each modality. Set the option units ` +
          `to a width onto which all are projected.`,
      );
    }
    return shapes;
  }
}
tf.serialization.registerClass(SumFusion);

const OWN_KEYS: OwnKeys<SumFusionConfig> = { units: true, average: true, seed: true };
