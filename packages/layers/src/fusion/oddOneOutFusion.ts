import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { type AffineWeights, affine } from '../math/affine.js';
import { channelMeans } from '../math/channelMeans.js';
import { checkCount, checkedConfig, type LayerConfig, type OwnKeys } from '../options.js';
import { seeds } from '../seeds.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link OddOneOutFusion}; all are optional. */
export interface OddOneOutFusionConfig extends LayerConfig {
  /** Width of the fused features, and of each expert. 1 or more; default 256. */
  units?: number;
  /** Hidden width of the odd-one-out network. 1 or more; default 256. */
  hidden?: number;
  /**
   * Adds a last output, [batch, modalities + 1]: the odd-one-out network's logits, without softmax, one for each
   * modality in the order of the inputs and a last one for "none". `oddOneOutLoss` takes them. Default false.
   */
  returnWeights?: boolean;
  /** Seed of the kernels' initial values. Default: a different start each time. */
  seed?: number;
}

/**
 * Robust fusion against an adversary who changes one modality only: an odd-one-out network compares the modalities and
 * predicts which of them contradicts the others, if any; the features are then fused without that modality.
 *
 * With M modalities, z_m the mean of the m-th features over all axes but batch and channel, z the concatenation of all
 * z_m, and z_{-i} that of all but z_i:
 *
 * - o = softmax(V relu(W z + b) + c), over M + 1 choices: "modality i is the odd one" for each i, and "none is"
 * - e_i(z_{-i}) = relu(U_i z_{-i} + d_i) for each modality, and e_{M+1}(z) = relu(U_{M+1} z + d_{M+1})
 * - fused = sum over i of o_i e_i(z_{-i}) + o_{M+1} e_{M+1}(z)
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: [batch, units]. The odd-one-out network learns from
 * attacked samples only what an attacked modality looks like: see `oddOneOutLoss`. With two modalities, it must tell from
 * the features alone which of the two is right; the paper uses three or more.
 *
 * Yang, Lin, Barman, Condessa, Kolter, "Defending Multimodal Fusion Models against Single-Source Adversaries", CVPR
 * 2021 (arXiv 2206.12714). A reconstruction from the method's description, not its code: the mixture of leave-one-out
 * experts is the paper's; the pooling in front, one hidden layer in the odd-one-out network, one dense layer with relu
 * as expert, and all widths are this library's.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { OddOneOutFusion } from '@amr/layers';
 *
 * const fusion = new OddOneOutFusion({ units: 6, hidden: 4, returnWeights: true });
 * const clips = [tf.ones([2, 4, 3, 3, 5]), tf.ones([2, 8, 25, 3]), tf.ones([2, 7])];
 * const [fused, oddLogits] = [fusion.apply(clips)].flat() as tf.Tensor[];
 * console.log(fused!.shape, oddLogits!.shape); // [2, 6] [2, 4]
 * ```
 */
export class OddOneOutFusion extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'OddOneOutFusion';
  /** See {@link OddOneOutFusionConfig.units}. */
  readonly units: number;
  /** See {@link OddOneOutFusionConfig.hidden}. */
  readonly hidden: number;
  /** See {@link OddOneOutFusionConfig.returnWeights}. */
  readonly returnWeights: boolean;
  /** See {@link OddOneOutFusionConfig.seed}. */
  readonly seed: number | undefined;
  /** W and b, then V and c of the odd-one-out network. */
  #oddOneOut: [AffineWeights, AffineWeights] | undefined;
  /** U_i and d_i of the experts, each without one modality, and of the last expert, which gets all modalities. */
  #experts: AffineWeights[] = [];

  /** @throws {LayerError} when an option is outside its range or unknown */
  constructor(config: OddOneOutFusionConfig = {}) {
    super(checkedConfig('OddOneOutFusion', config, OWN_KEYS));
    const { units = 256, hidden = 256, returnWeights = false, seed } = config;
    checkCount('OddOneOutFusion.units', units);
    checkCount('OddOneOutFusion.hidden', hidden);
    this.units = units;
    this.hidden = hidden;
    this.returnWeights = returnWeights;
    this.seed = seed;
  }

  override get role(): FusionRole {
    return 'fuse';
  }

  protected override addWeights(shapes: Shape[]): void {
    const seed = seeds(this.seed);
    const dense = (name: string, inputs: number, units: number) =>
      this.addAffine(name, inputs, units, seed());
    const channels = channelCounts(shapes);
    const total = totalChannels(shapes);
    this.#oddOneOut = [dense('hidden', total, this.hidden), dense('odd', this.hidden, channels.length + 1)];
    this.#experts = [...channels, 0].map((omitted, i) => dense(`expert${i}`, total - omitted, this.units));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = this.shapesOf(inputShape);
    const batch = shapes[0]![0] ?? null;
    const fused: Shape = [batch, this.units];
    return this.returnWeights ? [fused, [batch, shapes.length + 1]] : fused;
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const shapes = this.shapesOf(inputShape);
    const total = totalChannels(shapes);
    const choices = shapes.length + 1;
    // All experts together get (M - 1) * total + total channels; the last term is the mixture.
    return this.hidden * (total + choices) + this.units * (shapes.length * total + choices);
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    const pooled = features.map(channelMeans);
    const [hidden, odd] = this.#oddOneOut!;
    const logits = affine(tf.relu(affine(tf.concat(pooled, 1), hidden)), odd);
    const experts = this.#experts.map((expert, i) => {
      const others = pooled.filter((_, m) => m !== i); // all modalities for the last expert
      return tf.relu(affine(tf.concat(others, 1), expert));
    });
    // [batch, 1, M + 1] times [batch, M + 1, units]: a matrix product, which is faster than multiplying by broadcast columns.
    const probabilities = tf.expandDims(tf.softmax(logits), 1) as tf.Tensor3D;
    const fused = tf.squeeze(tf.matMul(probabilities, tf.stack(experts, 1) as tf.Tensor3D), [1]);
    return this.returnWeights ? [fused, logits] : fused;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, hidden, returnWeights, seed } = this;
    return {
      ...super.getConfig(),
      units,
      hidden,
      returnWeights,
      ...(seed === undefined ? {} : { seed }),
    };
  }
}
tf.serialization.registerClass(OddOneOutFusion);

const OWN_KEYS: OwnKeys<OddOneOutFusionConfig> = {
  units: true,
  hidden: true,
  returnWeights: true,
  seed: true,
};
