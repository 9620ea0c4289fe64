import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { type AffineWeights, affine } from '../math/affine.js';
import { channelMeans } from '../math/channelMeans.js';
import { layerNorm } from '../math/layerNorm.js';
import {
  checkCount,
  checkedConfig,
  checkOption,
  checkPositive,
  type LayerConfig,
  type OwnKeys,
} from '../options.js';
import { seeds } from '../seeds.js';
import { channelCounts, totalChannels } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link ModalityAttention}. */
export interface ModalityAttentionConfig extends LayerConfig {
  /** Width D of the tokens and of the fused vector. */
  units: number;
  /** Number of attention heads, each of width units / heads; must divide `units`. Default 4. */
  heads?: number;
  /** Number of encoder blocks. Default 1. */
  blocks?: number;
  /** Ratio of the hidden width of a block's MLP to `units`; the width is rounded up. Above 0; default 2. */
  expansion?: number;
  /**
   * Adds a second output, for inspection: the attention of the last block, the mean over its heads, as
   * [batch, query modality, key modality]; the last axis sums to 1. Default false.
   */
  returnWeights?: boolean;
  /** Seed of the initial weights. Default: a different start each time. */
  seed?: number;
}

/**
 * Fusion by self-attention over the modalities as tokens (Vaswani et al., "Attention Is All You Need", NeurIPS 2017).
 * With s_m the mean of F_m over all axes but batch and channel, the tokens are x_m = P_m s_m + e_m, with a projection and
 * a learned embedding for each modality. They pass encoder blocks that normalise first (Xiong et al., "On Layer
 * Normalization in the Transformer Architecture", ICML 2020), where LN is layer normalisation:
 *
 * - X <- X + MultiHead(LN(X)), with heads softmax(Q K^T / sqrt(D / heads)) V (Vaswani et al., eq. 1 and section 3.2.2)
 * - X <- X + W_2 relu(W_1 LN(X) + b_1) + b_2 (section 3.3)
 *
 * and the output is the mean over the modalities of LN(X). There is no dropout. Embeddings start normal with standard
 * deviation 0.02, matrices Glorot-uniform, biases at zero. P_m has no bias: e_m acts as one.
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: [batch, units]; with `returnWeights` also the attention.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { ModalityAttention } from '@amr/layers';
 *
 * const attention = new ModalityAttention({ units: 8, heads: 2, returnWeights: true });
 * const [fused, weights] = [attention.apply([tf.ones([2, 4, 7, 7, 16]), tf.ones([2, 8, 25, 12])])].flat();
 * console.log(fused!.shape, weights!.shape); // [2, 8] [2, 2, 2]
 * ```
 */
export class ModalityAttention extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'ModalityAttention';
  /** See {@link ModalityAttentionConfig.units}. */
  readonly units: number;
  /** See {@link ModalityAttentionConfig.heads}. */
  readonly heads: number;
  /** See {@link ModalityAttentionConfig.blocks}. */
  readonly blocks: number;
  /** See {@link ModalityAttentionConfig.expansion}. */
  readonly expansion: number;
  /** See {@link ModalityAttentionConfig.returnWeights}. */
  readonly returnWeights: boolean;
  /** See {@link ModalityAttentionConfig.seed}. */
  readonly seed: number | undefined;
  /** P_m of each modality. */
  #projections: LayerVariable[] = [];
  #embedding!: LayerVariable;
  #encoder: Block[] = [];
  #norm!: Norm;

  /** @throws {LayerError} when an option is out of its range, or `heads` does not divide `units` */
  constructor(config: ModalityAttentionConfig) {
    super(checkedConfig('ModalityAttention', config, OWN_KEYS));
    const { units, heads = 4, blocks = 1, expansion = 2, returnWeights = false, seed } = config;
    checkCount('ModalityAttention.units', units);
    checkCount('ModalityAttention.heads', heads);
    checkCount('ModalityAttention.blocks', blocks);
    checkPositive('ModalityAttention.expansion', expansion);
    checkOption(
      'ModalityAttention.heads',
      heads,
      units % heads === 0,
      `a divisor of units, ${units}, such as ${largestDivisor(units, heads)}`,
    );
    this.units = units;
    this.heads = heads;
    this.blocks = blocks;
    this.expansion = expansion;
    this.returnWeights = returnWeights;
    this.seed = seed;
  }

  override get role(): FusionRole {
    return 'fuse';
  }

  protected override addWeights(shapes: Shape[]): void {
    const { units } = this;
    const hidden = this.#hiddenWidth();
    const seed = seeds(this.seed);
    const matrix = (name: string, rows: number, columns: number) =>
      this.addWeight(name, [rows, columns], 'float32', initializers.glorotUniform({ seed: seed() }));
    const dense = (name: string, rows: number, columns: number) =>
      this.addAffine(name, rows, columns, seed());
    const norm = (name: string): Norm => ({
      gamma: this.addWeight(`${name}Gamma`, [units], 'float32', initializers.ones()),
      beta: this.addWeight(`${name}Beta`, [units], 'float32', initializers.zeros()),
    });
    this.#projections = channelCounts(shapes).map((count, m) => matrix(`projection${m}`, count, units));
    const small = initializers.randomNormal({ mean: 0, stddev: 0.02, seed: seed() });
    this.#embedding = this.addWeight('embedding', [shapes.length, units], 'float32', small);
    this.#encoder = Array.from({ length: this.blocks }, (_, b) => ({
      attentionNorm: norm(`block${b}AttentionNorm`),
      query: dense(`block${b}Query`, units, units),
      key: dense(`block${b}Key`, units, units),
      value: dense(`block${b}Value`, units, units),
      output: dense(`block${b}Output`, units, units),
      mlpNorm: norm(`block${b}MlpNorm`),
      expand: dense(`block${b}Expand`, units, hidden),
      reduce: dense(`block${b}Reduce`, hidden, units),
    }));
    this.#norm = norm('norm');
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = this.shapesOf(inputShape);
    const batch = shapes[0]![0] ?? null;
    const fused = [batch, this.units];
    return this.returnWeights ? [fused, [batch, shapes.length, shapes.length]] : fused;
  }

  override multiplyAdds(inputShape: Shape | Shape[]): number {
    const { units } = this;
    const shapes = this.shapesOf(inputShape);
    const tokens = shapes.length;
    const projections = totalChannels(shapes) * units;
    const attention = 4 * tokens * units * units + 2 * tokens * tokens * units;
    const mlp = 2 * tokens * units * this.#hiddenWidth();
    return projections + this.blocks * (attention + mlp);
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    const { units } = this;
    const tokens = features.length;
    const projected = features.map((feature, m) =>
      tf.matMul(channelMeans(feature), this.#projections[m]!.read() as tf.Tensor2D),
    );
    const batch = projected[0]!.shape[0];
    // A row for each token: everything but the attention itself works on single tokens.
    const embedded = tf.add(tf.concat(projected, 1), tf.reshape(this.#embedding.read(), [1, tokens * units]));
    let x = tf.reshape(embedded, [batch * tokens, units]) as tf.Tensor2D;
    let weights: tf.Tensor | undefined;
    for (const block of this.#encoder) {
      const attention = this.#attend(normalize(x, block.attentionNorm), block, tokens);
      weights = attention.weights;
      x = tf.add(x, affine(attention.mixed, block.output));
      const hidden = tf.relu(affine(normalize(x, block.mlpNorm), block.expand));
      x = tf.add(x, affine(hidden, block.reduce));
    }
    const last = tf.reshape(normalize(x, this.#norm), [batch, tokens, units]);
    const fused = tf.mean(last, 1);
    if (!this.returnWeights) return fused;
    const byHead = tf.reshape(weights!, [batch, this.heads, tokens, tokens]);
    return [fused, tf.mean(byHead, 1)];
  }

  /** The heads' concatenated outputs, a row for each token, and the attention [batch * heads, tokens, tokens]. */
  #attend(x: tf.Tensor2D, { query, key, value }: Block, tokens: number) {
    const { heads, units } = this;
    const width = units / heads;
    const batch = x.shape[0] / tokens;
    const split = (of: AffineWeights) => {
      const byHead = tf.transpose(tf.reshape(affine(x, of), [batch, tokens, heads, width]), [0, 2, 1, 3]);
      return tf.reshape(byHead, [batch * heads, tokens, width]) as tf.Tensor3D;
    };
    const logits = tf.div(tf.matMul(split(query), split(key), false, true), Math.sqrt(width));
    const weights = tf.softmax(logits);
    const mixed = tf.reshape(tf.matMul(weights, split(value)), [batch, heads, tokens, width]);
    return {
      weights,
      mixed: tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * tokens, units]) as tf.Tensor2D,
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units, heads, blocks, expansion, returnWeights, seed } = this;
    return {
      ...super.getConfig(),
      units,
      heads,
      blocks,
      expansion,
      returnWeights,
      ...(seed === undefined ? {} : { seed }),
    };
  }

  #hiddenWidth(): number {
    return Math.ceil(this.expansion * this.units);
  }
}
tf.serialization.registerClass(ModalityAttention);

const OWN_KEYS: OwnKeys<ModalityAttentionConfig> = {
  units: true,
  heads: true,
  blocks: true,
  expansion: true,
  returnWeights: true,
  seed: true,
};

interface Norm {
  gamma: LayerVariable;
  beta: LayerVariable;
}

interface Block {
  attentionNorm: Norm;
  query: AffineWeights;
  key: AffineWeights;
  value: AffineWeights;
  output: AffineWeights;
  mlpNorm: Norm;
  expand: AffineWeights;
  reduce: AffineWeights;
}

function normalize(x: tf.Tensor2D, { gamma, beta }: Norm): tf.Tensor2D {
  return layerNorm(x, gamma.read(), beta.read());
}

function largestDivisor(of: number, atMost: number): number {
  let divisor = Math.min(of, atMost);
  while (of % divisor !== 0) divisor--;
  return divisor;
}
