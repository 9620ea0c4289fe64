import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type GcnConfig, gcn, gcnKeys } from '../../blocks/skeleton/gcn.js';
import type { Encoder } from '../../encoder.js';
import { GraphConvolution } from '../../layers/graph/graphConvolution.js';
import { checkKeys, checkOdd } from '../../options.js';
import { adjacencyOf, type PartitionStrategy } from '../../skeleton/adjacency.js';
import { graphOf } from '../../skeleton/graphs.js';

/** Config of {@link stgcn}. Only `frames` has no default. */
export interface StgcnConfig extends GcnConfig {
  /** Default `'spatial'`. */
  partition?: PartitionStrategy;
  /** Learned edge importance weighting. Default true. */
  edgeImportance?: boolean;
  /** Frames that a temporal convolution spans; odd. Default 9. */
  temporalKernel?: number;
}

/**
 * ST-GCN: Yan, Xiong & Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition",
 * AAAI 2018. Blocks of a spatial graph convolution and a temporal convolution with a residual connection; with the
 * defaults, 25 joints and a classifier for 60 classes it has the published 3.10 M parameters.
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
 * import { stgcn } from '@amr/encoders';
 *
 * const { model, stages } = stgcn({ frames: 16, persons: 1, layout: 'utd-mhad', width: 8, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 16, 20, 8], [null, 1, 8, 20, 16]]
 * const features = model.predict(tf.randomNormal([2, 1, 16, 20, 3])) as tf.Tensor; // [2, 16]
 * ```
 */
export function stgcn(config: StgcnConfig): Encoder {
  checkKeys('stgcn', config, { ...gcnKeys, partition: true, edgeImportance: true, temporalKernel: true });
  const { partition = 'spatial', edgeImportance = true, temporalKernel = 9, layout = 'ntu-rgb+d' } = config;
  checkOdd('stgcn.temporalKernel', temporalKernel);
  const skeleton = graphOf('stgcn.layout', layout);
  const edges = adjacencyOf(skeleton, partition, 'stgcn.partition');
  return gcn(
    'stgcn',
    config,
    skeleton,
    (x, { part, filters, stride }, { seed, name, norm, relu, temporal }) => {
      const graph = new GraphConvolution({
        filters,
        adjacency: edges,
        edgeImportance,
        seed: seed(),
        name: name(`${part}Graph`),
      });
      const y = relu(norm(graph.apply(x) as SymbolicTensor, `${part}GraphNorm`), `${part}GraphRelu`);
      return norm(temporal(y, `${part}Temporal`, filters, temporalKernel, stride), `${part}TemporalNorm`);
    },
  );
}
