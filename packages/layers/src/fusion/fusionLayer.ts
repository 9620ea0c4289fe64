import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { AffineWeights } from '../math/affine.js';
import { channelCounts, featureShapes } from './featureShapes.js';

/** The options that every tfjs layer takes; tfjs-layers does not export their type. */
export type LayerConfig = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/**
 * What a fusion layer makes of the M modalities' tensors:
 *
 * - `'exchange'`: M features in, M features of the same shapes out. It can sit behind any stages, several times.
 * - `'fuse'`: M features in, one vector [batch, D] out, which a classifier goes on with.
 * - `'classify'`: M features in, the logits [batch, classes] out.
 * - `'late'`: each modality's own logits [batch, classes] in, the fused logits [batch, classes] out.
 *
 * Features are [batch, ..., channels], of rank 2 or more.
 */
export type FusionRole = 'exchange' | 'fuse' | 'classify' | 'late';

/**
 * What all fusion layers of this package are: a tfjs layer on the tensors of two or more modalities, in a list. Its
 * first outputs are those that its {@link FusionRole} names; `returnWeights`, where a layer has it, adds a last one.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import type { Shape } from '@tensorflow/tfjs-layers';
 * import { channelMeans, type FusionRole, JointFusion } from '@amr/layers';
 *
 * // The largest of the modalities' features, channel by channel.
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
  /** The channels of each modality that the weights are for; none for a layer without weights. */
  private builtFor: number[] | undefined;

  /** What the layer makes of its inputs. */
  abstract get role(): FusionRole;

  /** The outputs for the features of all modalities, whose shapes have been checked. Runs in a `tf.tidy`. */
  protected abstract fuse(
    features: tf.Tensor[],
    kwargs: { [option: string]: unknown },
  ): tf.Tensor | tf.Tensor[];

  /** Makes the layer's weights for features of these shapes. A layer without weights leaves it as it is. */
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
   * Multiply-adds of the layer's convolutions and matrix products for one sample, given the inputs' shapes. What works
   * element by element is not counted.
   */
  abstract multiplyAdds(inputShape: Shape | Shape[]): number;

  override build(inputShape: Shape | Shape[]): void {
    const shapes = this.shapesOf(inputShape);
    this.addWeights(shapes);
    if (this.weights.length > 0) this.builtFor = channelCounts(shapes);
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

  /** The inputs' shapes, checked: see {@link featureShapes}. A layer that has its weights takes what they are for. */
  protected shapesOf(inputShape: Shape | Shape[]): Shape[] {
    const layer = this.getClassName();
    const shapes = featureShapes(layer, inputShape);
    const given = channelCounts(shapes).join(', ');
    const expected = this.builtFor?.join(', ') ?? given;
    if (given !== expected) {
      throw new Error(
        `${layer}: got features of ${given} channels; expected ${expected}, those of the modalities that it was first ` +
          `applied to, in their order. Make another layer for other features.`,
      );
    }
    return shapes;
  }
}

/** A fusion layer with one output, as far as types go. */
export abstract class JointFusion extends FusionLayer {
  /** Symbolic features in, symbolic features out. */
  override apply(inputs: SymbolicTensor[], kwargs?: { [option: string]: unknown }): SymbolicTensor;
  /** Tensors in, tensors out, at once. */
  override apply(inputs: tf.Tensor[], kwargs?: { [option: string]: unknown }): tf.Tensor;
  override apply(inputs: SymbolicTensor[] | tf.Tensor[], kwargs?: { [option: string]: unknown }) {
    return super.apply(inputs, kwargs) as SymbolicTensor | tf.Tensor;
  }
}

/** A fusion layer with an output for each input, as far as types go. */
export abstract class ExchangeFusion extends FusionLayer {
  override get role(): FusionRole {
    return 'exchange';
  }
  /** Symbolic features in, symbolic features out. */
  override apply(inputs: SymbolicTensor[], kwargs?: { [option: string]: unknown }): SymbolicTensor[];
  /** Tensors in, tensors out, at once. */
  override apply(inputs: tf.Tensor[], kwargs?: { [option: string]: unknown }): tf.Tensor[];
  override apply(inputs: SymbolicTensor[] | tf.Tensor[], kwargs?: { [option: string]: unknown }) {
    return super.apply(inputs, kwargs) as SymbolicTensor[] | tf.Tensor[];
  }
}
