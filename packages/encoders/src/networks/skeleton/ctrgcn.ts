import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type GcnConfig, gcn, gcnKeys } from '../../blocks/skeleton/gcn.js';
import { checkBranches, temporalBranches } from '../../blocks/skeleton/temporalBranches.js';
import { withGraphShortcut } from '../../blocks/skeleton/withGraphShortcut.js';
import type { Encoder } from '../../encoder.js';
import { ChannelTopologyGraphConvolution } from '../../layers/graph/channelTopologyGraphConvolution.js';
import { checkKeys, checkOdd } from '../../options.js';
import { adjacencyOf, type PartitionStrategy } from '../../skeleton/adjacency.js';
import { graphOf } from '../../skeleton/graphs.js';

/** Config of {@link ctrgcn}. Only `frames` has no default. */
export interface CtrgcnConfig extends GcnConfig {
  /** The graphs that training starts from. Default `'directed'`, the published code's. */
  partition?: PartitionStrategy;
  /** Frames of a dilated convolution's kernel, without the frames between its taps; odd. Default 5. */
  temporalKernel?: number;
  /** Dilations of the temporal convolutions; there is one convolution for each. Default [1, 2]. */
  dilations?: readonly number[];
}

/**
 * CTR-GCN: Chen, Zhang, Yuan, Li, Deng & Hu, "Channel-wise Topology Refinement Graph Convolution for Skeleton-Based
 * Action Recognition", ICCV 2021. Blocks of a {@link ChannelTopologyGraphConvolution} with a residual connection and
 * of parallel temporal branches, with a residual connection around both. Each branch has a quarter of the channels, and
 * the last one also the rest: a convolution of 5 frames, one with a dilation of 2, a maximum over 3 frames, a pointwise
 * convolution. With the defaults, 25 joints and a classifier for 60 classes it has 1,446,522 parameters, 150 fewer than
 * the published code (1.447 M): that code has separate input statistics for each person, this network shares them.
 *
 * Input: [batch, persons, frames, joints, coordinates], in metres. Stages: the same rank, channels last. Features:
 * [batch, width * 2^(stages - 1)], the mean over frames, joints and the bodies that are present. Absent bodies are left
 * out of this mean and of the statistics of batch normalisation, and each stage's output is zero for them. With
 * `persons: 1` the network takes the body as present, but the features are zero when it is absent.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { ctrgcn } from '@amr/encoders';
 *
 * const { model, stages } = ctrgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 8, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 8, 20, 8], [null, 1, 4, 20, 16]]
 * const features = model.predict(tf.randomNormal([2, 1, 8, 20, 3])) as tf.Tensor; // [2, 16]
 * ```
 */
export function ctrgcn(config: CtrgcnConfig): Encoder {
  checkKeys('ctrgcn', config, { ...gcnKeys, partition: true, temporalKernel: true, dilations: true });
  const { partition = 'directed', layout = 'ntu-rgb+d', width = 64 } = config;
  const { temporalKernel = 5, dilations = [1, 2] } = config;
  checkOdd('ctrgcn.temporalKernel', temporalKernel);
  checkBranches('ctrgcn', width, dilations);
  const skeleton = graphOf('ctrgcn.layout', layout);
  const edges = adjacencyOf(skeleton, partition, 'ctrgcn.partition');
  return gcn('ctrgcn', config, skeleton, (x, position, builder) => {
    const { part, filters } = position;
    const { seed, name, norm } = builder;
    const others = new Array<number>(dilations.length + 1).fill(Math.floor(filters / (dilations.length + 2)));
    const graph = new ChannelTopologyGraphConvolution({
      filters,
      adjacency: edges,
      seed: seed(),
      name: name(`${part}Graph`),
    });
    const y = withGraphShortcut(
      norm(graph.apply(x) as SymbolicTensor, `${part}GraphNorm`),
      x,
      position,
      builder,
    );
    // Section 3.4 and figure 3 (b); the last branch has the rest of the channels.
    const channels = [...others, filters - others.length * others[0]!];
    const after = (branch: SymbolicTensor, of: string) => norm(branch, `${of}Norm`);
    return temporalBranches(y, { kernelSize: temporalKernel, dilations, channels, after }, position, builder);
  });
}
