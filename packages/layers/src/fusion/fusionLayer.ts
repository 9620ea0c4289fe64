import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { LayerError } from '../errors.js';
import type { AffineWeights } from '../math/affine.js';
import { channelCounts, featureShapes } from './featureShapes.js';

/**
 * What a fusion layer computes from the tensors of M modalities:
 *
 * - `'exchange'`: M features in, M features of the same shapes out. It can follow any stage, and several stages.
 * - `'fuse'`: M features in, one vector [batch, D] out, the input of a classifier.
 * - `'classify'`: M features in, the logits [batch, classes] out.
 * - `'late'`: each modality's own logits [batch, classes] in, the fused logits [batch, classes] out.
 *
 * Features are [batch, ..., channels], of rank 2 or more.
 */
export type FusionRole = 'exchange' | 'fuse' | 'classify' | 'late';

/**
 * The base class of all fusion layers: a tfjs layer that takes the tensors of two or more modalities in a list. Its first
 * outputs are those that its {@link FusionRole} names; the option `returnWeights`, where a layer has it, adds a last one.
 *
 * The class checks the inputs' shapes in one place, so that each layer is only its role, its weights (`addWeights`), its
 * computation (`fuse`) and its cost (`multiplyAdds`). A layer whose weights were built refuses other channel counts.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import type { Shape } from '@tensorflow/tfjs-layers';
 * import { channelMeans, type FusionRole, JointFusion } from '@amr/layers';
 *
 * // The maximum over the modalities of each channel.
 * class MaxFusion extends JointFusion {
 *   static readonly className = 'MaxFusion';
 *   override get role(): FusionRole {
 *     return 'fuse';
 *   }
 *   override computeOutputShape(inputShape: Shape[]): Shape {
 *     return [inputShape[0]![0]!, inputShape[0]!.at(-1)!];
 *   }
 *   override multiplyAdds(): number {
 *     return 0;
 *   }
 *   protected override fuse(features: tf.Tensor[]): tf.Tensor {
 *     return features.map(channelMeans).reduce((one, other) => tf.maximum(one, other) as tf.Tensor2D);
 *   }
 * }
 * tf.serialization.registerClass(MaxFusion);
 * new MaxFusion().apply([tf.ones([1, 4, 2]), tf.zeros([1, 3, 3, 2])]).print(); // [[1, 1]]
 * ```
 */
export abstract class FusionLayer extends layers.Layer {
  /** The channels of each modality that the weights were built for; undefined for a layer without weights. */
  #builtChannels: number[] | undefined;

  /** What the layer computes from its inputs. */
  abstract get role(): FusionRole;

  /** Computes the outputs from the features of all modalities. Their shapes have been checked, and it runs in a `tf.tidy`. */
  protected abstract fuse(
    features: tf.Tensor[],
    kwargs: { [option: string]: unknown },
  ): tf.Tensor | tf.Tensor[];

  /** Creates the layer's weights for features of these shapes. A layer without weights does not override it. */
  protected addWeights(_shapes: Shape[]): void {}

  /** Adds weights `<name>Kernel`, Glorot-uniform, and `<name>Bias`, zero: those of a dense layer. */
  protected addAffine(
    name: string,
    inputs: number,
    outputs: number,
    seed: number | undefined,
  ): AffineWeights {
    const uniform = initializers.glorotUniform({ seed });
    return {
      kernel: this.addWeight(`${name}Kernel`, [inputs, outputs], 'float32', uniform),
      bias: this.addWeight(`${name}Bias`, [outputs], 'float32', initializers.zeros()),
    };
  }

  /**
   * Multiply-adds of the layer's convolutions and matrix products for one sample, given the inputs' shapes. Elementwise
   * operations are not counted.
   */
  abstract multiplyAdds(inputShape: Shape | Shape[]): number;

  override build(inputShape: Shape | Shape[]): void {
    const shapes = this.shapesOf(inputShape);
    this.addWeights(shapes);
    if (this.weights.length > 0) this.#builtChannels = channelCounts(shapes);
    super.build(inputShape);
  }

  override call(
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: { [option: string]: unknown } = {},
  ): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      const features = Array.isArray(inputs) ? inputs : [inputs];
      this.shapesOf(features.map(({ shape }) => shape));
      return this.fuse(features, kwargs);
    });
  }

  /**
   * The inputs' shapes, checked by {@link featureShapes}.
   * @throws {LayerError} also when a layer's weights were built for other channel counts
   */
  protected shapesOf(inputShape: Shape | Shape[]): Shape[] {
    const layer = this.getClassName();
    const shapes = featureShapes(layer, inputShape);
    const given = channelCounts(shapes).join(', ');
    const expected = this.#builtChannels?.join(', ') ?? given;
    if (given !== expected) {
      throw new LayerError(
        `${layer}: got features of ${given} channels; expected ${expected}, those of the modalities that it was first ` +
          `applied to, in their order. Create another layer for other features.`,
      );
    }
    return shapes;
  }
}

/** A fusion layer whose `apply` is typed to return one tensor. */
export abstract class JointFusion extends FusionLayer {
  /** Symbolic features in, symbolic features out. */
  override apply(inputs: SymbolicTensor[], kwargs?: { [option: string]: unknown }): SymbolicTensor;
  /** Tensors in, tensors out, computed at once. */
  override apply(inputs: tf.Tensor[], kwargs?: { [option: string]: unknown }): tf.Tensor;
  override apply(inputs: SymbolicTensor[] | tf.Tensor[], kwargs?: { [option: string]: unknown }) {
    return super.apply(inputs, kwargs) as SymbolicTensor | tf.Tensor;
  }
}

/** A fusion layer with the role `'exchange'`, whose `apply` is typed to return a list of tensors. */
export abstract class ExchangeFusion extends FusionLayer {
  override get role(): FusionRole {
    return 'exchange';
  }
  /** Symbolic features in, symbolic features out. */
  override apply(inputs: SymbolicTensor[], kwargs?: { [option: string]: unknown }): SymbolicTensor[];
  /** Tensors in, tensors out, computed at once. */
  override apply(inputs: tf.Tensor[], kwargs?: { [option: string]: unknown }): tf.Tensor[];
  override apply(inputs: SymbolicTensor[] | tf.Tensor[], kwargs?: { [option: string]: unknown }) {
    return super.apply(inputs, kwargs) as SymbolicTensor[] | tf.Tensor[];
  }
}
