import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { LayerError } from '../errors.js';
import { checkedConfig, checkOption, type LayerConfig, type OwnKeys } from '../options.js';
import { formatShapes } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link LateFusion}; all are optional. */
export interface LateFusionConfig extends LayerConfig {
  /**
   * The weight of each modality, in the order of the inputs: a number of 0 or more for each, with any sum. Default: equal
   * weights. They are fixed, not trained.
   */
  modalityWeights?: number[];
}

/**
 * Late fusion: each modality has its own classifier, and the layer averages their logits, l = sum_m w_m l_m with the
 * weights w divided by their sum. It has no trainable weights. It averages logits instead of probabilities, so that the
 * results are logits again, and no gradient vanishes in a saturated softmax.
 *
 * In: two or more [batch, classes], of the same shape. Out: [batch, classes].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { LateFusion } from '@amr/layers';
 *
 * const [rgb, skeleton] = [tf.tensor2d([[4, 0]]), tf.tensor2d([[0, 8]])];
 * console.log(new LateFusion().apply([rgb, skeleton]).arraySync()); // [[2, 4]]
 * console.log(new LateFusion({ modalityWeights: [3, 1] }).apply([rgb, skeleton]).arraySync()); // [[3, 2]]
 * ```
 */
export class LateFusion extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'LateFusion';
  /** See {@link LateFusionConfig.modalityWeights}. */
  readonly modalityWeights: readonly number[] | undefined;

  /** @throws {LayerError} when a weight is negative or not finite, or all are 0 */
  constructor(config: LateFusionConfig = {}) {
    super(checkedConfig('LateFusion', config, OWN_KEYS));
    const { modalityWeights } = config;
    checkOption(
      'LateFusion.modalityWeights',
      modalityWeights,
      !modalityWeights || (sumOf(modalityWeights) > 0 && modalityWeights.every(isWeight)),
      'a finite number that is 0 or more for each modality, and one above 0',
    );
    this.modalityWeights = modalityWeights && [...modalityWeights];
  }

  override get role(): FusionRole {
    return 'late';
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return this.shapesOf(inputShape)[0]!;
  }

  override multiplyAdds(): number {
    return 0;
  }

  protected override fuse(logits: tf.Tensor[]): tf.Tensor {
    const weights = this.modalityWeights ?? logits.map(() => 1);
    const sum = sumOf(weights);
    return tf.addN(logits.map((one, m) => tf.mul(one, weights[m]! / sum)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { modalityWeights } = this;
    return {
      ...super.getConfig(),
      ...(modalityWeights === undefined ? {} : { modalityWeights: [...modalityWeights] }),
    };
  }

  protected override shapesOf(inputShape: Shape | Shape[]): Shape[] {
    const shapes = super.shapesOf(inputShape);
    const { modalityWeights } = this;
    const classes = new Set(shapes.map((shape) => shape[1]));
    if (classes.size > 1 || shapes.some((shape) => shape.length !== 2)) {
      throw new LayerError(
        `LateFusion: got ${formatShapes(shapes)}; expected the logits [batch, classes] of each modality's own ` +
          `classifier, with the same classes.`,
      );
    }
    if (modalityWeights && modalityWeights.length !== shapes.length) {
      throw new LayerError(
        `LateFusion.modalityWeights: got ${modalityWeights.length} weights; expected ${shapes.length}, one for each modality.`,
      );
    }
    return shapes;
  }
}
tf.serialization.registerClass(LateFusion);

const OWN_KEYS: OwnKeys<LateFusionConfig> = { modalityWeights: true };

function isWeight(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
