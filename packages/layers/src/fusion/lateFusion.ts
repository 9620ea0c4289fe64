import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { type FusionRole, JointFusion, type LayerConfig } from './fusionLayer.js';

/** What {@link LateFusion} can be told; everything has a default. */
export interface LateFusionConfig extends LayerConfig {
  /**
   * How much each modality counts, in the order of the inputs: a number for each, 0 or more, whatever their sum.
   * Default: all the same. They are fixed, not trained.
   */
  modalityWeights?: number[];
}

/**
 * Late fusion: each modality has a classifier of its own, and their logits are averaged, l = sum_m w_m l_m with the
 * weights w divided by their sum. It has nothing to train. It averages logits and not probabilities, so that the result
 * are logits again, and a saturated softmax cannot hide a gradient.
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
  /** The name that saved models know this layer by. */
  static readonly className = 'LateFusion';
  /** See {@link LateFusionConfig.modalityWeights}. */
  readonly modalityWeights: readonly number[] | undefined;

  /** @throws {Error} when a weight is negative or not finite, or all are 0 */
  constructor(config: LateFusionConfig = {}) {
    super(config);
    const { modalityWeights } = config;
    if (modalityWeights && !(sumOf(modalityWeights) > 0 && modalityWeights.every(isWeight))) {
      throw new Error(
        `LateFusion: got modalityWeights [${modalityWeights.join(', ')}]; expected a finite number for each modality, ` +
          `0 or more, and one above 0.`,
      );
    }
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
      const given = shapes.map((shape) => `[${shape.map((size) => size ?? 'null').join(', ')}]`);
      throw new Error(
        `LateFusion: got ${given.join(' and ')}; expected the logits [batch, classes] of each modality's own ` +
          `classifier, with the same classes.`,
      );
    }
    if (modalityWeights && modalityWeights.length !== shapes.length) {
      throw new Error(
        `LateFusion: got ${shapes.length} modalities and ${modalityWeights.length} modalityWeights; expected as many.`,
      );
    }
    return shapes;
  }
}
tf.serialization.registerClass(LateFusion);

function isWeight(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
