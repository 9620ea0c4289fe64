import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { LayerError } from '../errors.js';
import type { CertifiedRadiusOptions } from '../math/certifiedRadius.js';
import { channelMeans } from '../math/channelMeans.js';
import { orthonormalColumns } from '../math/orthonormalColumns.js';
import { checkCount, checkedConfig, checkPositive, type LayerConfig, type OwnKeys } from '../options.js';
import { seeds } from '../seeds.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link OrthogonalFusion}. */
export interface OrthogonalFusionConfig extends LayerConfig {
  /** Number of classes, 2 or more; no modality may have fewer channels. */
  classes: number;
  /** Initial value of all integration factors. Above 0; default 0.1, as in the published code. */
  initialFactor?: number;
  /**
   * Adds a last output, [batch, modalities, classes]: each modality's evidence e_m, which `certifiedRadius` and
   * `crmtMarginLoss` take. Default false.
   */
  returnWeights?: boolean;
  /** Seed of the class weights' initial values. Default: a different start each time. */
  seed?: number;
}

/**
 * Certifiable fusion with orthogonal class weights (CRMT): each modality gives evidence for each class through weight
 * vectors of length 1 that are orthogonal to each other, and one integration factor per modality and class says how much
 * that evidence counts. The factors alone therefore bound how fast the logits change, so that a radius can be certified.
 *
 * With s_m the mean of F_m over all axes but batch and channel, K classes and C_m >= K channels:
 *
 * - e_m = W~_m s_m, with W~_m of [K, C_m] and W~_m W~_m^T = I: the nearest such matrix to a trained one (its polar
 *   factor), so that it stays orthonormal, up to rounding, during training
 * - logits_k = sum over m of a_k^(m) e_{m,k} + b_k
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: the logits [batch, classes], no softmax. `certifiedRadius`
 * gives the radius within which a sample's prediction can't change.
 *
 * The published training has two steps. First everything is trained by cross-entropy plus rho times `crmtMarginLoss` of
 * the evidence. Then only the factors are trained, to maximise the mean of `certifiedRadius`.
 *
 * Yang, Wei, Liang, Hu, "Quantifying and enhancing multi-modal robustness with modality preference", ICLR 2024 (arXiv
 * 2402.06244), section 4. The authors' code makes each class's weights a unit vector (with mean 0); here they are
 * also orthogonal to each other, as the paper's condition says, which makes the radius larger. More than two modalities
 * are this library's extension.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { certifiedRadius, OrthogonalFusion } from '@amr/layers';
 *
 * const fusion = new OrthogonalFusion({ classes: 3, returnWeights: true, seed: 1 });
 * const clips = [tf.randomNormal([2, 4, 5, 5, 8]), tf.randomNormal([2, 6])];
 * const [logits, evidence] = [fusion.apply(clips)].flat() as [tf.Tensor2D, tf.Tensor3D];
 * console.log(logits.shape, evidence.shape); // [2, 3] [2, 2, 3]
 * const radius = certifiedRadius({ evidence, ...fusion.integration() });
 * radius.print(); // by how much both features together may change, in l2
 * ```
 */
export class OrthogonalFusion extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'OrthogonalFusion';
  /** See {@link OrthogonalFusionConfig.classes}. */
  readonly classes: number;
  /** See {@link OrthogonalFusionConfig.initialFactor}. */
  readonly initialFactor: number;
  /** See {@link OrthogonalFusionConfig.returnWeights}. */
  readonly returnWeights: boolean;
  /** See {@link OrthogonalFusionConfig.seed}. */
  readonly seed: number | undefined;
  /** The matrices whose polar factors are the W~_m^T, [C_m, classes] each. */
  #kernels: LayerVariable[] = [];
  #factors!: LayerVariable;
  #bias!: LayerVariable;

  /** @throws {LayerError} when an option is outside its range or unknown */
  constructor(config: OrthogonalFusionConfig) {
    super(checkedConfig('OrthogonalFusion', config, OWN_KEYS));
    const { classes, initialFactor = 0.1, returnWeights = false, seed } = config;
    checkCount('OrthogonalFusion.classes', classes, 2);
    checkPositive('OrthogonalFusion.initialFactor', initialFactor);
    this.classes = classes;
    this.initialFactor = initialFactor;
    this.returnWeights = returnWeights;
    this.seed = seed;
  }

  override get role(): FusionRole {
    return 'classify';
  }

  /**
   * The integration factors a, [modalities, classes], and the bias b, [classes], as `certifiedRadius` takes them. They
   * are the layer's own variables: gradients reach them, and the caller must not dispose of them.
   *
   * @throws {LayerError} when the layer has not been applied or built
   */
  integration(): Pick<CertifiedRadiusOptions, 'factors' | 'bias'> {
    if (!this.built) {
      throw new LayerError(
        'OrthogonalFusion.integration: got a layer without weights; expected one that was applied. Apply the layer first.',
      );
    }
    return { factors: this.#factors.read() as tf.Tensor2D, bias: this.#bias.read() as tf.Tensor1D };
  }

  protected override addWeights(shapes: Shape[]): void {
    const channels = channelCounts(shapes);
    const seed = seeds(this.seed);
    const { classes } = this;
    this.#kernels = channels.map((count, m) => {
      const uniform = initializers.glorotUniform({ seed: seed() });
      const kernel = this.addWeight(`kernel${m}`, [count, classes], 'float32', uniform);
      // Starts as an orthonormal matrix, which gradients rotate and hardly stretch. Twice, for accuracy with square ones.
      tf.tidy(() => {
        kernel.write(orthonormalColumns(orthonormalColumns(kernel.read() as tf.Tensor2D)));
      });
      return kernel;
    });
    const constant = initializers.constant({ value: this.initialFactor });
    this.#factors = this.addWeight('factors', [channels.length, classes], 'float32', constant);
    this.#bias = this.addWeight('bias', [classes], 'float32', initializers.zeros());
  }

  protected override shapesOf(inputShape: Shape | Shape[]): Shape[] {
    const shapes = super.shapesOf(inputShape);
    const channels = channelCounts(shapes);
    if (Math.min(...channels) < this.classes) {
      throw new LayerError(
        `OrthogonalFusion: got ${channels.join(' and ')} channels for ${this.classes} classes; expected at least ` +
          `${this.classes} in each modality, as there are no more orthogonal directions than channels. Widen the ` +
          `narrower modality with a dense layer.`,
      );
    }
    return shapes;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = this.shapesOf(inputShape);
    const batch = shapes[0]![0] ?? null;
    const logits: Shape = [batch, this.classes];
    return this.returnWeights ? [logits, [batch, shapes.length, this.classes]] : logits;
  }

  /** Counts the evidence's products. Making the weights orthonormal is not counted: it happens once a batch of any size. */
  override multiplyAdds(inputShape: Shape | Shape[]): number {
    return this.classes * totalChannels(this.shapesOf(inputShape));
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    const evidence = tf.stack(
      features.map((feature, m) =>
        tf.matMul(channelMeans(feature), orthonormalColumns(this.#kernels[m]!.read() as tf.Tensor2D)),
      ),
      1,
    );
    const logits = tf.add(tf.sum(tf.mul(evidence, this.#factors.read()), 1), this.#bias.read());
    return this.returnWeights ? [logits, evidence] : logits;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { classes, initialFactor, returnWeights, seed } = this;
    return {
      ...super.getConfig(),
      classes,
      initialFactor,
      returnWeights,
      ...(seed === undefined ? {} : { seed }),
    };
  }
}
tf.serialization.registerClass(OrthogonalFusion);

const OWN_KEYS: OwnKeys<OrthogonalFusionConfig> = {
  classes: true,
  initialFactor: true,
  returnWeights: true,
  seed: true,
};
