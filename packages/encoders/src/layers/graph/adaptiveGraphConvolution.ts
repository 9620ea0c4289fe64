import { seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { checkedConfig, checkOption } from '../../options.js';
import type { TorchConstant, TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { GraphLayer, type GraphLayerConfig, graphLayerKeys } from './graphLayer.js';
import { type Pointwise, pointwiseTorchWeights } from './pointwise.js';

/** Config of {@link AdaptiveGraphConvolution}. */
export interface AdaptiveGraphConvolutionConfig extends GraphLayerConfig {
  /** Channels E of the embeddings in which joints are compared. Default a quarter of the filters, rounded down. */
  embedding?: number;
}

/**
 * Adaptive graph convolution of 2s-AGCN (Shi et al., CVPR 2019, eq. 3 to 5): out_w = sum over partitions k and joints v
 * of W_k x_v (A_k + B_k + C_k)[v, w] + b_k. A is the skeleton; B, learned and zero at first, is the same for all
 * samples; C depends on the body and says how similarly two joints move: C_k[v, w] = softmax over v of <theta_k x_v,
 * phi_k x_w>, the inner product over embedding and frames.
 *
 * The inner products are divided by their number of terms, E frames, as in the published code; eq. 5 does not print it.
 * Without the division, the softmax of a long clip saturates and its gradient vanishes. Theta and phi start at random,
 * since neither gets a gradient while both are zero.
 *
 * In: [batch, persons, frames, joints, C]. Out: [batch, persons, frames, joints, filters].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { AdaptiveGraphConvolution, adjacency } from '@amr/encoders';
 *
 * const conv = new AdaptiveGraphConvolution({ filters: 8, adjacency: adjacency('ntu-rgb+d', 'spatial') });
 * console.log((conv.apply(tf.ones([1, 2, 4, 25, 3])) as tf.Tensor).shape); // [1, 2, 4, 25, 8]
 * ```
 */
export class AdaptiveGraphConvolution extends GraphLayer implements TorchLayer, CostedLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'AdaptiveGraphConvolution';
  /** See {@link AdaptiveGraphConvolutionConfig.embedding}. */
  readonly embedding: number;
  readonly #theta: Pointwise[] = [];
  readonly #phi: Pointwise[] = [];
  readonly #out: Pointwise[] = [];
  #edges!: LayerVariable;

  /** @throws {EncoderConfigError} when the embedding has no channel */
  constructor(config: AdaptiveGraphConvolutionConfig) {
    super(checkedConfig('AdaptiveGraphConvolution', config, { ...graphLayerKeys, embedding: true }));
    this.embedding = config.embedding ?? Math.floor(config.filters / 4);
    checkOption(
      'AdaptiveGraphConvolution.embedding',
      this.embedding,
      Number.isInteger(this.embedding) && this.embedding > 0,
      'a whole number from 1',
      `By default it is a quarter of the filters, ${this.filters}.`,
    );
  }

  protected override addWeights(joints: number, channels: number): void {
    const seed = seeds(this.seed);
    const add = (name: string, inputs: number, outputs: number) =>
      this.addPointwise(name, inputs, outputs, seed());
    for (const k of this.adjacency.keys()) {
      this.#theta.push(add(`theta${k}`, channels, this.embedding));
      this.#phi.push(add(`phi${k}`, channels, this.embedding));
      this.#out.push(add(`out${k}`, channels, this.filters));
    }
    const partitions = this.adjacency.length;
    this.#edges = this.addWeight('edges', [partitions, joints, joints], 'float32', initializers.zeros());
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const bodies = batch * persons;
      const partitions = this.adjacency.length;
      const rows = bodies * joints * frames;

      // Joints come before the frames, so that frames and channels are one axis in all products that mix joints.
      const jointsFirst = tf.transpose(tf.reshape(x, [bodies, frames, joints, channels]), [0, 2, 1, 3]);
      const edges = this.#edgesInto(tf.reshape(jointsFirst, [rows, channels]) as tf.Tensor2D, {
        bodies,
        frames,
        joints,
      });
      const gathered = tf.matMul(edges, tf.reshape(jointsFirst, [bodies, joints, frames * channels]));
      const neighbours = tf.transpose(
        tf.reshape(gathered, [bodies, partitions, joints * frames, channels]),
        [0, 2, 1, 3],
      );
      const convolved = tf.matMul(
        tf.reshape(neighbours, [rows, partitions * channels]) as tf.Tensor2D,
        tf.concat(this.#out.map(({ kernel }) => kernel.read()) as tf.Tensor2D[]),
      ) as tf.Tensor2D;
      const bias = tf.addN(this.#out.map(({ bias }) => bias.read())) as tf.Tensor1D;
      const y = tf.reshape(tf.add(convolved, bias), [bodies, joints, frames, this.filters]);
      return tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [batch, persons, frames, joints, this.filters]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), embedding: this.embedding };
  }

  /** Named as in the published code and PYSKL, where B is `PA`. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return {
      ...Object.assign(
        {},
        ...this.adjacency.map((_, k) => ({
          ...pointwiseTorchWeights(`theta${k}`, `conv_a.${k}`, this.#theta[k]!),
          ...pointwiseTorchWeights(`phi${k}`, `conv_b.${k}`, this.#phi[k]!),
          ...pointwiseTorchWeights(`out${k}`, `conv_d.${k}`, this.#out[k]!),
        })),
      ),
      edges: { name: 'PA', shape: this.#edges.shape as number[] },
    };
  }

  /** The given graph A. */
  torchConstants(): TorchConstant[] {
    return [this.givenEdges()];
  }

  /** See {@link CostedLayer.multiplyAdds}: the products with W, theta and phi, those of C, and those with A + B + C. */
  multiplyAdds(inputShape: Shape | Shape[]): number {
    const [, , , joints, channels] = inputShape as number[];
    const { embedding, filters } = this;
    const each = channels! * filters + embedding * (2 * channels! + joints!) + channels! * joints!;
    return (sampleSize(inputShape as Shape) / channels!) * this.adjacency.length * each;
  }

  /** A + B + C of each body as [bodies, partitions * to joint, from joint], from x as [bodies * joints * frames, C]. */
  #edgesInto(
    x: tf.Tensor2D,
    { bodies, frames, joints }: { bodies: number; frames: number; joints: number },
  ): tf.Tensor3D {
    const partitions = this.adjacency.length;
    // A product for each embedding: splitting one product for all of them takes longer.
    const embedded = ({ kernel, bias }: Pointwise) => {
      const rows = tf.add(
        tf.matMul(x, kernel.read() as tf.Tensor2D) as tf.Tensor2D,
        bias.read() as tf.Tensor1D,
      );
      return tf.reshape(rows, [bodies, joints, frames * this.embedding]);
    };
    const products = this.#phi.map(
      (phi, k) => tf.matMul(embedded(phi), embedded(this.#theta[k]!), false, true), // [bodies, to, from]
    );
    const scores = tf.div(tf.concat(products, 1), frames * this.embedding);

    const shared = tf.transpose(tf.add(this.#edges.read(), tf.tensor3d(this.adjacency)), [0, 2, 1]);
    const perBody = tf.reshape(tf.softmax(scores), [bodies, -1]) as tf.Tensor2D;
    const edges = tf.add(perBody, tf.reshape(shared, [-1]) as tf.Tensor1D);
    return tf.reshape(edges, [bodies, partitions * joints, joints]);
  }
}
tf.serialization.registerClass(AdaptiveGraphConvolution);
