import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type GcnConfig, gcn, gcnKeys } from '../../blocks/skeleton/gcn.js';
import { withGraphShortcut } from '../../blocks/skeleton/withGraphShortcut.js';
import type { Encoder } from '../../encoder.js';
import { AdaptiveGraphConvolution } from '../../layers/graph/adaptiveGraphConvolution.js';
import { checkKeys, checkOdd, checkOption } from '../../options.js';
import { adjacencyOf, type PartitionStrategy } from '../../skeleton/adjacency.js';
import { graphOf } from '../../skeleton/graphs.js';

/** Config of {@link agcn}. Only `frames` has no default. */
export interface AgcnConfig extends GcnConfig {
  /** Default `'directed'`, the published code's. */
  partition?: PartitionStrategy;
  /** Frames that a temporal convolution spans; odd. Default 9. */
  temporalKernel?: number;
}

/**
 * One stream of 2s-AGCN: Shi, Zhang, Cheng & Lu, "Two-Stream Adaptive Graph Convolutional Networks for Skeleton-Based
 * Action Recognition", CVPR 2019. Blocks of an {@link AdaptiveGraphConvolution} with a residual connection and a
 * temporal convolution, with a residual connection around both. With the defaults, 25 joints and a classifier for 60
 * classes it has 3,469,360 parameters, 150 fewer than the published code (3.47 M): that code has separate input
 * statistics for each person, this network shares them. The paper's second stream is the same network with
 * `stream: 'bone'`; the scores of the two are added.
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
 * import { agcn } from '@amr/encoders';
 *
 * const { model, stages } = agcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 8, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 8, 20, 8], [null, 1, 4, 20, 16]]
 * const features = model.predict(tf.randomNormal([2, 1, 8, 20, 3])) as tf.Tensor; // [2, 16]
 * ```
 */
export function agcn(config: AgcnConfig): Encoder {
  checkKeys('agcn', config, { ...gcnKeys, partition: true, temporalKernel: true });
  const { partition = 'directed', temporalKernel = 9, layout = 'ntu-rgb+d', width = 64 } = config;
  checkOdd('agcn.temporalKernel', temporalKernel);
  checkOption('agcn.width', width, width >= 4, '4 or more: joints are compared in a quarter of the channels');
  const skeleton = graphOf('agcn.layout', layout);
  const edges = adjacencyOf(skeleton, partition, 'agcn.partition');
  return gcn('agcn', config, skeleton, (x, position, builder) => {
    const { part, filters, stride } = position;
    const { seed, name, norm, temporal } = builder;
    const graph = new AdaptiveGraphConvolution({
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
    return norm(temporal(y, `${part}Temporal`, filters, temporalKernel, stride), `${part}TemporalNorm`);
  });
}
