import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { EncoderConfigError } from '../../errors.js';
import { checkCount, checkOption, type OwnKeys } from '../../options.js';
import type { TorchConstant } from '../../torch/torchWeights.js';
import { heNormal } from '../convolution/heNormal.js';
import type { Pointwise } from './pointwise.js';

/** What the configs of all graph convolutions have in common. */
export interface GraphLayerConfig extends LayerConfig {
  /** Number of output channels. */
  filters: number;
  /** The graphs, as [partitions][from joint][to joint], already normalised: see {@link adjacency}. */
  adjacency: number[][][];
  /** Seed of the initial weights. */
  seed?: number;
}

/** The keys of {@link GraphLayerConfig}, but those of every tfjs layer. */
export const graphLayerKeys: OwnKeys<GraphLayerConfig> = { filters: true, adjacency: true, seed: true };

/**
 * What graph convolutions have in common: a number of filters, the graphs of the partitions, and shapes. In: [batch, persons,
 * frames, joints, C]. Out: [batch, persons, frames, joints, filters].
 */
export abstract class GraphLayer extends layers.Layer {
  /** See {@link GraphLayerConfig.filters}. */
  readonly filters: number;
  /** See {@link GraphLayerConfig.adjacency}. */
  readonly adjacency: number[][][];
  /** See {@link GraphLayerConfig.seed}. */
  readonly seed: number | undefined;

  /** @throws {EncoderConfigError} when filters is not a whole number from 1, or the adjacency has no matrix */
  constructor(config: GraphLayerConfig) {
    super(config);
    this.filters = config.filters;
    this.adjacency = config.adjacency;
    this.seed = config.seed;
    const name = this.getClassName();
    checkCount(`${name}.filters`, this.filters);
    const good = Array.isArray(this.adjacency) && this.adjacency.length > 0;
    checkOption(`${name}.adjacency`, this.adjacency, good, 'one or more matrices, as adjacency returns them');
  }

  /** Adds the layer's weights for inputs of so many joints and channels. */
  protected abstract addWeights(joints: number, channels: number): void;

  override build(inputShape: Shape): void {
    const joints = inputShape[3]!;
    const expected = this.adjacency[0]?.length;
    if (joints !== expected) {
      throw new EncoderConfigError(
        `${this.getClassName()}.adjacency: got graphs of ${expected} joints for inputs of ${joints}; expected the same number.`,
      );
    }
    this.addWeights(joints, inputShape[4]!);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [...inputShape.slice(0, 4), this.filters];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, adjacency, seed } = this;
    return { ...super.getConfig(), filters, adjacency, ...(seed === undefined ? {} : { seed }) };
  }

  /** Adds weights `<name>Kernel`, He-normal over the fan out, and `<name>Bias`, zero: those of a pointwise convolution. */
  protected addPointwise(
    name: string,
    channels: number,
    filters: number,
    seed: number | undefined,
  ): Pointwise {
    return {
      kernel: this.addWeight(`${name}Kernel`, [channels, filters], 'float32', heNormal(seed)),
      bias: this.addWeight(`${name}Bias`, [filters], 'float32', initializers.zeros()),
    };
  }

  /** Adds the weight `edges` for learned graphs, which start as the given ones. */
  protected addLearnedEdges(): LayerVariable {
    const joints = this.adjacency[0]!.length;
    const shape = [this.adjacency.length, joints, joints];
    const edges = this.addWeight('edges', shape, 'float32', initializers.zeros());
    tf.tidy(() => {
      edges.write(tf.tensor3d(this.adjacency));
    });
    return edges;
  }

  /** The given graphs, which PyTorch's modules store as a constant `A`. */
  protected givenEdges(): TorchConstant {
    const joints = this.adjacency[0]!.length;
    return { name: 'A', shape: [this.adjacency.length, joints, joints], values: this.adjacency.flat(2) };
  }
}
