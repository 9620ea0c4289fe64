import { seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { checkCount, checkedConfig } from '../../options.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { GraphLayer, type GraphLayerConfig, graphLayerKeys } from './graphLayer.js';
import { type Pointwise, pointwiseTorchWeights } from './pointwise.js';

/** Config of {@link ChannelTopologyGraphConvolution}. */
export interface ChannelTopologyGraphConvolutionConfig extends GraphLayerConfig {
  /** Channels R in which joints are compared. Default an eighth of the input's, 8 when the input has 16 or fewer. */
  relations?: number;
}

/**
 * Channel-wise topology refinement graph convolution of CTR-GCN (Chen et al., ICCV 2021, eq. 3 to 8), summed over
 * partitions k: out_w[c] = sum over k and joints v of (A_k[v, w] + alpha Q_k[c, v, w]) (W_k x_v + b_k)[c]. The graph
 * A_k is learned, starts as the skeleton, and is the same for all channels; its refinement Q_k[c, v, w] = (xi_k tanh(psi_k
 * m_v - phi_k m_w))[c] differs between channels and bodies, where m is the mean of x over the frames and psi, phi and xi
 * are linear. Alpha is learned and zero at first. The first joint of A and Q is the source of the features, as in PYSKL;
 * in the authors' code it is the target.
 *
 * In: [batch, persons, frames, joints, C]. Out: [batch, persons, frames, joints, filters].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { adjacency, ChannelTopologyGraphConvolution } from '@amr/encoders';
 *
 * const conv = new ChannelTopologyGraphConvolution({ filters: 8, adjacency: adjacency('ntu-rgb+d', 'spatial') });
 * console.log((conv.apply(tf.ones([1, 2, 4, 25, 3])) as tf.Tensor).shape); // [1, 2, 4, 25, 8]
 * ```
 */
export class ChannelTopologyGraphConvolution extends GraphLayer implements TorchLayer, CostedLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'ChannelTopologyGraphConvolution';
  /** See {@link ChannelTopologyGraphConvolutionConfig.relations}. */
  readonly relations: number | undefined;
  readonly #psi: Pointwise[] = [];
  readonly #phi: Pointwise[] = [];
  readonly #out: Pointwise[] = [];
  readonly #xi: Pointwise[] = [];
  #edges!: LayerVariable;
  #alpha!: LayerVariable;

  /** @throws {EncoderConfigError} when relations is not a whole number from 1 */
  constructor(config: ChannelTopologyGraphConvolutionConfig) {
    super(checkedConfig('ChannelTopologyGraphConvolution', config, { ...graphLayerKeys, relations: true }));
    this.relations = config.relations;
    if (this.relations !== undefined) {
      checkCount('ChannelTopologyGraphConvolution.relations', this.relations);
    }
  }

  protected override addWeights(_joints: number, channels: number): void {
    const relations = this.relations ?? (channels <= 16 ? 8 : Math.floor(channels / 8));
    const seed = seeds(this.seed);
    const add = (name: string, inputs: number, outputs: number) =>
      this.addPointwise(name, inputs, outputs, seed());
    for (const k of this.adjacency.keys()) {
      this.#psi.push(add(`psi${k}`, channels, relations));
      this.#phi.push(add(`phi${k}`, channels, relations));
      this.#out.push(add(`out${k}`, channels, this.filters));
      this.#xi.push(add(`xi${k}`, relations, this.filters));
    }
    this.#edges = this.addLearnedEdges();
    this.#alpha = this.addWeight('alpha', [1], 'float32', initializers.zeros());
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const bodies = batch * persons;
      const rows = bodies * frames * joints;
      const partitions = this.adjacency.length;

      // Channels come first, then bodies: each pair of them has its graph, which is one matrix of a batched product.
      const channelsFirst = tf.transpose(tf.reshape(x, [rows, channels]) as tf.Tensor2D);
      const kernels = this.#out.map(({ kernel, bias }) => withColumns(kernel.read(), bias.read()));
      const convolved = tf.matMul(
        tf.concat(kernels),
        tf.concat([channelsFirst, tf.ones([1, rows])]) as tf.Tensor2D,
      );
      const features = tf.split(convolved, partitions, 0);
      const graphs = this.#graphs(tf.reshape(x, [bodies, frames, joints * channels]) as tf.Tensor3D);
      const gathered = features.map((feature, k) =>
        tf.matMul(
          tf.reshape(feature, [this.filters * bodies, frames, joints]),
          tf.reshape(graphs[k]!, [this.filters * bodies, joints, joints]),
        ),
      );
      const y = tf.transpose(tf.reshape(tf.addN(gathered), [this.filters, rows]));
      return tf.reshape(y, [batch, persons, frames, joints, this.filters]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { relations } = this;
    return { ...super.getConfig(), ...(relations === undefined ? {} : { relations }) };
  }

  /** Named as in PYSKL. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return {
      ...Object.assign(
        {},
        ...this.adjacency.map((_, k) => ({
          ...pointwiseTorchWeights(`psi${k}`, `convs.${k}.conv1`, this.#psi[k]!),
          ...pointwiseTorchWeights(`phi${k}`, `convs.${k}.conv2`, this.#phi[k]!),
          ...pointwiseTorchWeights(`out${k}`, `convs.${k}.conv3`, this.#out[k]!),
          ...pointwiseTorchWeights(`xi${k}`, `convs.${k}.conv4`, this.#xi[k]!),
        })),
      ),
      edges: { name: 'A', shape: this.#edges.shape as number[] },
      alpha: { name: 'alpha', shape: [1] },
    };
  }

  /** See {@link CostedLayer.multiplyAdds}: the products with W, those of Q from the mean, and those with A + alpha Q. */
  multiplyAdds(inputShape: Shape | Shape[]): number {
    const [, persons, frames, joints, channels] = inputShape as number[];
    const { filters } = this;
    const relations = this.#psi[0]!.kernel.shape[1]!;
    const compared = joints! * relations * (2 * channels! + joints! * filters);
    const gathered = frames! * joints! * filters * (channels! + joints!);
    return persons! * this.adjacency.length * (compared + gathered);
  }

  /** A_k + alpha Q_k for each partition, as [filters, bodies * from joint * to joint]. */
  #graphs(x: tf.Tensor3D): tf.Tensor2D[] {
    const bodies = x.shape[0];
    const joints = this.#edges.shape[1]!;
    const partitions = this.adjacency.length;
    const relations = this.#psi[0]!.kernel.shape[1]!;
    const means = tf.reshape(tf.mean(x, 1), [bodies * joints, -1]) as tf.Tensor2D;
    const both = [...this.#psi, ...this.#phi];
    const compared = tf.add(
      tf.matMul(means, tf.concat(both.map(({ kernel }) => kernel.read()) as tf.Tensor2D[], 1)),
      tf.concat(both.map(({ bias }) => bias.read()) as tf.Tensor1D[]),
    );
    const rows = partitions * relations;
    const pairs = tf.transpose(tf.reshape(compared, [bodies, joints, 2, rows]), [3, 0, 2, 1]);
    const relation = tf.tanh(
      tf.matMul(tf.reshape(pairs, [rows * bodies, 2 * joints]) as tf.Tensor2D, differences(joints)),
    );
    const ones = tf.ones([1, bodies * joints * joints]);
    const edges = tf.tile(tf.reshape(this.#edges.read(), [partitions, -1]), [1, bodies]);
    const alpha = this.#alpha.read();
    return this.#xi.map(({ kernel, bias }, k) => {
      // [alpha xi | alpha b | 1] [tanh(...); 1; A]: one product instead of passes over all channels' graphs.
      const parts = tf.concat([
        tf.slice(tf.reshape(relation, [rows, -1]), [k * relations, 0], [relations, -1]),
        ones,
        tf.slice(edges, [k, 0], [1, -1]),
      ]) as tf.Tensor2D;
      const weights = withColumns(
        tf.mul(kernel.read(), alpha),
        tf.mul(bias.read(), alpha),
        tf.ones([this.filters]),
      );
      return tf.matMul(weights, parts);
    });
  }
}
tf.serialization.registerClass(ChannelTopologyGraphConvolution);

/** A kernel [in, out] as [out, in], with vectors of [out] as further columns. */
function withColumns(kernel: tf.Tensor, ...columns: tf.Tensor[]): tf.Tensor2D {
  return tf.transpose(
    tf.concat([kernel, ...columns.map((column) => tf.expandDims(column, 0))]),
  ) as tf.Tensor2D;
}

/**
 * The matrix [2 joints, joints * joints] whose product with [a | b] is a_v - b_w for all pairs v, w. A difference that
 * broadcasts along the last axis takes several times as long on wasm.
 */
function differences(joints: number): tf.Tensor2D {
  const matrix = new Float32Array(2 * joints ** 3);
  for (let v = 0; v < joints; v++) {
    for (let w = 0; w < joints; w++) {
      const pair = v * joints + w;
      matrix[v * joints ** 2 + pair] = 1;
      matrix[(joints + w) * joints ** 2 + pair] = -1;
    }
  }
  return tf.tensor2d(matrix, [2 * joints, joints ** 2]);
}
