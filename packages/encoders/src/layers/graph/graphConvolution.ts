import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { checkedConfig } from '../../options.js';
import type { TorchConstant, TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { heNormal } from '../convolution/heNormal.js';
import { GraphLayer, type GraphLayerConfig, graphLayerKeys } from './graphLayer.js';

/** Config of {@link GraphConvolution}. */
export interface GraphConvolutionConfig extends GraphLayerConfig {
  /** Multiplies each entry of A by a learned weight, 1 at first. Default true. */
  edgeImportance?: boolean;
  /** A itself is learned and starts as the adjacency; there is no edge importance then. Default false. */
  learnedEdges?: boolean;
}

/**
 * Spatial graph convolution of ST-GCN (Yan et al., AAAI 2018, eq. 9 and 10): out_w = sum over partitions k and joints
 * v of (A_k * M_k)[v, w] (W_k x_v + b_k), frame by frame, with M the learned edge importance. With `learnedEdges` it is
 * the graph convolution of ST-GCN++ (Duan et al., "PYSKL: Towards Good Practices for Skeleton Action Recognition", ACM MM 2022), which
 * has no M and trains A.
 *
 * In: [batch, persons, frames, joints, C]. Out: [batch, persons, frames, joints, filters].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { adjacency, GraphConvolution } from '@amr/encoders';
 *
 * const conv = new GraphConvolution({ filters: 8, adjacency: adjacency('ntu-rgb+d', 'spatial') });
 * console.log((conv.apply(tf.ones([1, 2, 4, 25, 3])) as tf.Tensor).shape); // [1, 2, 4, 25, 8]
 * ```
 */
export class GraphConvolution extends GraphLayer implements TorchLayer, CostedLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'GraphConvolution';
  /** See {@link GraphConvolutionConfig.edgeImportance}. */
  readonly edgeImportance: boolean;
  /** See {@link GraphConvolutionConfig.learnedEdges}. */
  readonly learnedEdges: boolean;
  #kernel!: LayerVariable;
  #bias!: LayerVariable;
  #importance: LayerVariable | undefined;
  #edges: LayerVariable | undefined;

  /** @throws {EncoderConfigError} as {@link GraphLayer} */
  constructor(config: GraphConvolutionConfig) {
    super(
      checkedConfig('GraphConvolution', config, {
        ...graphLayerKeys,
        edgeImportance: true,
        learnedEdges: true,
      }),
    );
    this.learnedEdges = config.learnedEdges ?? false;
    this.edgeImportance = (config.edgeImportance ?? true) && !this.learnedEdges;
  }

  protected override addWeights(joints: number, channels: number): void {
    const partitions = this.adjacency.length;
    this.#kernel = this.addWeight(
      'kernel',
      [partitions, channels, this.filters],
      'float32',
      heNormal(this.seed),
    );
    this.#bias = this.addWeight('bias', [partitions, this.filters], 'float32', initializers.zeros());
    if (this.edgeImportance) {
      const ones = initializers.ones();
      this.#importance = this.addWeight('edgeImportance', [partitions, joints, joints], 'float32', ones);
    }
    if (this.learnedEdges) this.#edges = this.addLearnedEdges();
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const rows = batch * persons * frames;
      const start = this.#edges ? this.#edges.read() : tf.tensor3d(this.adjacency);
      const edges = this.#importance ? tf.mul(start, this.#importance.read()) : start;
      const intoJoint = tf.transpose(edges, [0, 2, 1]); // [k, w, v]

      const flat = tf.reshape(x, [rows, joints, channels]) as tf.Tensor3D;
      // The sums over edges are cheaper on the side with fewer channels.
      const jointsFirst =
        channels < this.filters ? this.#gatherFirst(flat, intoJoint) : this.#convolveFirst(flat, intoJoint);
      const framesFirst = tf.transpose(jointsFirst, [1, 0, 2]);

      // Each joint gets the bias of a partition once for each of its incoming edges, times the edge's weight.
      const biases = tf.matMul(tf.transpose(tf.sum(intoJoint, 2)), this.#bias.read());
      const y = tf.add(
        tf.reshape(framesFirst, [rows, joints * this.filters]),
        tf.reshape(biases, [joints * this.filters]),
      );
      return tf.reshape(y, [batch, persons, frames, joints, this.filters]);
    });
  }

  // The two methods below use plain products, and transpositions that move whole rows of channels: a product per frame, or
  // one with the joints on the last axis, takes several times as long on the wasm backend.

  /** W of the sums over edges: x of [rows, joints, channels] and edges of [k, w, v] to [joints, rows, filters]. */
  #gatherFirst(x: tf.Tensor3D, intoJoint: tf.Tensor): tf.Tensor {
    const [rows, joints, channels] = x.shape;
    const partitions = this.adjacency.length;
    const gathered = tf.matMul(
      tf.reshape(intoJoint, [partitions * joints, joints]),
      tf.reshape(tf.transpose(x, [1, 0, 2]), [joints, rows * channels]),
    );
    const sideBySide = tf.transpose(tf.reshape(gathered, [partitions, joints * rows, channels]), [1, 0, 2]);
    const convolved = tf.matMul(
      tf.reshape(sideBySide, [joints * rows, partitions * channels]),
      tf.reshape(this.#kernel.read(), [partitions * channels, this.filters]),
    );
    return tf.reshape(convolved, [joints, rows, this.filters]);
  }

  /** The same as sums over edges of W x, which needs one transposition of partitions * channels less. */
  #convolveFirst(x: tf.Tensor3D, intoJoint: tf.Tensor): tf.Tensor {
    const [rows, joints, channels] = x.shape;
    const partitions = this.adjacency.length;
    const kernel = tf.transpose(this.#kernel.read(), [1, 0, 2]);
    const convolved = tf.matMul(
      tf.reshape(x, [rows * joints, channels]),
      tf.reshape(kernel, [channels, partitions * this.filters]),
    );
    const parts = tf.transpose(tf.reshape(convolved, [rows, joints * partitions, this.filters]), [1, 0, 2]);
    const gathered = tf.matMul(
      tf.reshape(tf.transpose(intoJoint, [1, 2, 0]), [joints, joints * partitions]),
      tf.reshape(parts, [joints * partitions, rows * this.filters]),
    );
    return tf.reshape(gathered, [joints, rows, this.filters]);
  }

  /** See {@link CostedLayer.multiplyAdds}: those with A of the inputs, then those with W. */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number {
    const [, , , joints, channels] = inputShape as Shape;
    const gathered = sampleSize(inputShape as Shape) * joints!;
    const convolved = sampleSize(outputShape as Shape) * channels!;
    return this.adjacency.length * (gathered + convolved);
  }

  /**
   * The weights of PYSKL's `unit_gcn`: `conv` is a `Conv2d` onto all partitions one after another, [partitions * filters, C,
   * 1, 1], `PA` the edge importance, `A` the edges where they are learned.
   */
  torchWeights(): { [weight: string]: TorchWeight } {
    const [partitions, channels, filters] = this.#kernel.shape as [number, number, number];
    const joints = this.adjacency[0]!.length;
    return {
      kernel: {
        name: 'conv.weight',
        shape: [partitions * filters, channels, 1, 1],
        from: (weight) => tf.transpose(tf.reshape(weight, [partitions, filters, channels]), [0, 2, 1]),
      },
      bias: {
        name: 'conv.bias',
        shape: [partitions * filters],
        from: (bias) => tf.reshape(bias, [partitions, filters]),
      },
      ...(this.#importance ? { edgeImportance: { name: 'PA', shape: [partitions, joints, joints] } } : {}),
      ...(this.#edges ? { edges: { name: 'A', shape: [partitions, joints, joints] } } : {}),
    };
  }

  /** The graph, which PYSKL's module stores as `A`, unless it is learned. */
  torchConstants(): TorchConstant[] {
    return this.learnedEdges ? [] : [this.givenEdges()];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { edgeImportance, learnedEdges } = this;
    return { ...super.getConfig(), edgeImportance, learnedEdges };
  }
}
tf.serialization.registerClass(GraphConvolution);
