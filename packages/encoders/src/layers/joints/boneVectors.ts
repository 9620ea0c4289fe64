import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { EncoderConfigError } from '../../errors.js';
import { checkedConfig, checkOption } from '../../options.js';

/** Config of {@link BoneVectors}. */
export interface BoneVectorsConfig extends LayerConfig {
  /** The joint where each joint's bone starts; a joint that names itself has no bone. See {@link boneParents}. */
  parents: readonly number[];
  /** The last coordinate is a confidence, not a position: a bone has the mean confidence of its two joints. Default false. */
  confidence?: boolean;
}

/**
 * The bone of each joint, the second stream of 2s-AGCN (Shi et al., "Two-Stream Adaptive Graph Convolutional Networks
 * for Skeleton-Based Action Recognition", CVPR 2019, section 3.4): b_v = x_v - x_parent(v), and 0 for the joint that is
 * its own parent. The layer is part of the model, so that attacks move joints, not single bones. It is one matrix
 * product, differentiable in the coordinates.
 *
 * In and out: [batch, persons, frames, joints, coordinates]. A body or frame that is all zero stays all zero.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BoneVectors } from '@amr/encoders';
 *
 * const pose = tf.tensor5d([[[[[0, 1], [0, 4], [2, 4]]]]]);
 * const bones = new BoneVectors({ parents: [0, 0, 1] }).apply(pose) as tf.Tensor;
 * console.log(bones.arraySync()); // [[[[[0, 0], [0, 3], [2, 0]]]]]
 * ```
 */
export class BoneVectors extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BoneVectors';
  /** See {@link BoneVectorsConfig.parents}. */
  readonly parents: readonly number[];
  /** See {@link BoneVectorsConfig.confidence}. */
  readonly confidence: boolean;

  /** @throws {EncoderConfigError} when a parent is not one of the joints */
  constructor(config: BoneVectorsConfig) {
    super(checkedConfig('BoneVectors', config, { parents: true, confidence: true }));
    this.parents = config.parents;
    this.confidence = config.confidence ?? false;
    const joints = this.parents.length;
    const good = this.parents.every((parent) => Number.isInteger(parent) && parent >= 0 && parent < joints);
    checkOption('BoneVectors.parents', this.parents, good, `a joint from 0 to ${joints - 1} for each joint`);
  }

  override build(inputShape: Shape): void {
    if (inputShape[3] !== this.parents.length) {
      throw new EncoderConfigError(
        `BoneVectors.parents: got ${this.parents.length} parents for ${inputShape[3]} joints; expected one for each joint.`,
      );
    }
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [joints, coordinates] = x.shape.slice(3) as [number, number];
      const width = joints * coordinates;
      const rows = tf.reshape(x, [-1, width]) as tf.Tensor2D;
      return tf.reshape(tf.matMul(rows, this.#differences(coordinates)), x.shape);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), parents: [...this.parents], confidence: this.confidence };
  }

  /** The matrix that maps all coordinates of a frame, as one row, to its bones. */
  #differences(coordinates: number): tf.Tensor2D {
    const width = this.parents.length * coordinates;
    const matrix = new Float32Array(width * width);
    for (const [joint, parent] of this.parents.entries()) {
      for (let c = 0; c < coordinates; c++) {
        const mean = this.confidence && c === coordinates - 1;
        const to = joint * coordinates + c;
        matrix[to * width + to]! += mean ? 0.5 : 1;
        matrix[(parent * coordinates + c) * width + to]! += mean ? 0.5 : -1;
      }
    }
    return tf.tensor2d(matrix, [width, width]);
  }
}
tf.serialization.registerClass(BoneVectors);
