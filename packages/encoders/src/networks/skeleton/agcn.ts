import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkTemporalKernel, type GcnConfig, gcn } from '../../blocks/skeleton/gcn.js';
import { withGraphShortcut } from '../../blocks/skeleton/withGraphShortcut.js';
import type { Encoder } from '../../encoder.js';
import { EncoderConfigError } from '../../errors.js';
import { AdaptiveGraphConvolution } from '../../layers/graph/adaptiveGraphConvolution.js';
import { adjacency, type PartitionStrategy } from '../../skeleton/adjacency.js';

/** What {@link agcn} can be told. Only `frames` has no default. */
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
 * classes it has 3,469,360 parameters, the published code's 3.47 M but for 150: that code normalises each person's
 * coordinates with statistics of their own, this network those of all persons with the same. The paper's second stream
 * is the same network with `stream: 'bone'`; the scores of the two are added.
 *
 * Input: [batch, persons, frames, joints, coordinates], in metres. Stages: the same rank, channels last. Features:
 * [batch, width * 2^(stages - 1)], the mean over frames, joints and the bodies that are there. Absent bodies count
 * neither there nor in the statistics of batch normalisation, and are zero in each stage's output; one body alone
 * (`persons: 1`) is taken to be there but for the features, which are zero when it is not.
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
  const { partition = 'directed', temporalKernel = 9, layout = 'ntu-rgb+d', width = 64 } = config;
  checkTemporalKernel('agcn', temporalKernel);
  if (width < 4) {
    throw new EncoderConfigError(
      `agcn: got width ${width}; expected 4 or more: joints are compared in a quarter of the channels.`,
    );
  }
  const edges = adjacency(layout, partition);
  return gcn('agcn', config, (x, place, parts) => {
    const { part, filters, stride } = place;
    const { seed, name, norm, temporal } = parts;
    const graph = new AdaptiveGraphConvolution({
      filters,
      adjacency: edges,
      seed: seed(),
      name: name(`${part}Graph`),
    });
    const y = withGraphShortcut(norm(graph.apply(x) as SymbolicTensor, `${part}GraphNorm`), x, place, parts);
    return norm(temporal(y, `${part}Temporal`, filters, temporalKernel, stride), `${part}TemporalNorm`);
  });
}
