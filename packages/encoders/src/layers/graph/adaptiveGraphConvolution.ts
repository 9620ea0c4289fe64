import { seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import type { TorchConstant, TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { GraphLayer, type GraphLayerConfig } from './graphLayer.js';
import { type Pointwise, pointwiseTorchWeights } from './pointwise.js';

/** What {@link AdaptiveGraphConvolution} can be told. */
export interface AdaptiveGraphConvolutionConfig extends GraphLayerConfig {
  /** Channels E of the embeddings that joints are compared in. Default a quarter of the filters, rounded down. */
  embedding?: number;
}

/**
 * Adaptive graph convolution of 2s-AGCN (Shi et al., CVPR 2019, eq. 3 to 5): out_w = sum over partitions k and joints v
 * of W_k x_v (A_k + B_k + C_k)[v, w] + b_k. A is the skeleton; B, learned and zero at first, is the same for all
 * samples; C is each body's own: how alike two joints move, C_k[v, w] = softmax over v of <theta_k x_v, phi_k x_w>,
 * the inner product taken over embedding and frames.
 *
 * The inner products are divided by their number of terms, E frames, as the published code does and eq. 5 does not
 * print: undivided, the softmax of a long clip saturates, and with it the gradient vanishes. Theta and phi start at
 * random, since where both are zero neither gets a gradient.
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
  private readonly theta: Pointwise[] = [];
  private readonly phi: Pointwise[] = [];
  private readonly out: Pointwise[] = [];
  private edges!: LayerVariable;

  /** @throws {Error} when no channel is left to compare joints in */
  constructor(config: AdaptiveGraphConvolutionConfig) {
    super(config);
    this.embedding = config.embedding ?? Math.floor(config.filters / 4);
    if (!(Number.isInteger(this.embedding) && this.embedding > 0)) {
      throw new Error(
        `AdaptiveGraphConvolution: got embedding ${this.embedding} with ${this.filters} filters; expected a whole ` +
          `number above 0, which it is by default from 4 filters on.`,
      );
    }
  }

  protected override addWeights(joints: number, channels: number): void {
    const seed = seeds(this.seed);
    const add = (name: string, inward: number, outward: number) =>
      this.addPointwise(name, inward, outward, seed());
    for (const k of this.adjacency.keys()) {
      this.theta.push(add(`theta${k}`, channels, this.embedding));
      this.phi.push(add(`phi${k}`, channels, this.embedding));
      this.out.push(add(`out${k}`, channels, this.filters));
    }
    const partitions = this.adjacency.length;
    this.edges = this.addWeight('edges', [partitions, joints, joints], 'float32', initializers.zeros());
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const bodies = batch * persons;
      const partitions = this.adjacency.length;
      const places = bodies * joints * frames;

      // Joints come in front of the frames, so that frames and channels are one axis wherever joints are mixed.
      const jointsFirst = tf.transpose(tf.reshape(x, [bodies, frames, joints, channels]), [0, 2, 1, 3]);
      const edges = this.edgesInto(tf.reshape(jointsFirst, [places, channels]) as tf.Tensor2D, {
        bodies,
        frames,
        joints,
      });
      const gathered = tf.matMul(edges, tf.reshape(jointsFirst, [bodies, joints, frames * channels]));
      const sideBySide = tf.transpose(
        tf.reshape(gathered, [bodies, partitions, joints * frames, channels]),
        [0, 2, 1, 3],
      );
      const convolved = tf.matMul(
        tf.reshape(sideBySide, [places, partitions * channels]) as tf.Tensor2D,
        tf.concat(this.out.map(({ kernel }) => kernel.read()) as tf.Tensor2D[]),
      ) as tf.Tensor2D;
      const bias = tf.addN(this.out.map(({ bias }) => bias.read())) as tf.Tensor1D;
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
          ...pointwiseTorchWeights(`theta${k}`, `conv_a.${k}`, this.theta[k]!),
          ...pointwiseTorchWeights(`phi${k}`, `conv_b.${k}`, this.phi[k]!),
          ...pointwiseTorchWeights(`out${k}`, `conv_d.${k}`, this.out[k]!),
        })),
      ),
      edges: { name: 'PA', shape: this.edges.shape as number[] },
    };
  }

  /** A. */
  torchConstants(): TorchConstant[] {
    return [this.givenEdges()];
  }

  /** See {@link CostedLayer.multiplyAdds}: those with W, theta and phi, and those that make C and apply A + B + C. */
  multiplyAdds(inputShape: Shape | Shape[]): number {
    const [, , , joints, channels] = inputShape as number[];
    const { embedding, filters } = this;
    const each = channels! * filters + embedding * (2 * channels! + joints!) + channels! * joints!;
    return (sampleSize(inputShape as Shape) / channels!) * this.adjacency.length * each;
  }

  /** A + B + C of each body as [bodies, partitions * to joint, from joint], from x as [bodies * joints * frames, C]. */
  private edgesInto(
    x: tf.Tensor2D,
    { bodies, frames, joints }: { bodies: number; frames: number; joints: number },
  ): tf.Tensor3D {
    const partitions = this.adjacency.length;
    // A product for each embedding: one for all of them would have to be taken apart, which takes longer.
    const embedded = ({ kernel, bias }: Pointwise) => {
      const rows = tf.add(
        tf.matMul(x, kernel.read() as tf.Tensor2D) as tf.Tensor2D,
        bias.read() as tf.Tensor1D,
      );
      return tf.reshape(rows, [bodies, joints, frames * this.embedding]);
    };
    const products = this.phi.map(
      (phi, k) => tf.matMul(embedded(phi), embedded(this.theta[k]!), false, true), // [bodies, to, from]
    );
    const scores = tf.div(tf.concat(products, 1), frames * this.embedding);

    const shared = tf.transpose(tf.add(this.edges.read(), tf.tensor3d(this.adjacency)), [0, 2, 1]);
    const own = tf.reshape(tf.softmax(scores), [bodies, -1]) as tf.Tensor2D;
    const edges = tf.add(own, tf.reshape(shared, [-1]) as tf.Tensor1D);
    return tf.reshape(edges, [bodies, partitions * joints, joints]);
  }
}
tf.serialization.registerClass(AdaptiveGraphConvolution);
