import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkTemporalKernel, type GcnConfig, gcn } from '../../blocks/skeleton/gcn.js';
import { checkBranches, temporalBranches } from '../../blocks/skeleton/temporalBranches.js';
import { withGraphShortcut } from '../../blocks/skeleton/withGraphShortcut.js';
import type { Encoder } from '../../encoder.js';
import { ChannelTopologyGraphConvolution } from '../../layers/graph/channelTopologyGraphConvolution.js';
import { adjacency, type PartitionStrategy } from '../../skeleton/adjacency.js';

/** What {@link ctrgcn} can be told. Only `frames` has no default. */
export interface CtrgcnConfig extends GcnConfig {
  /** The graphs that training starts from. Default `'directed'`, the published code's. */
  partition?: PartitionStrategy;
  /** Frames that the dilated convolutions see, without those they skip; odd. Default 5. */
  temporalKernel?: number;
  /** Dilations of the temporal convolutions, one for each. Default [1, 2]. */
  dilations?: readonly number[];
}

/**
 * CTR-GCN: Chen, Zhang, Yuan, Li, Deng & Hu, "Channel-wise Topology Refinement Graph Convolution for Skeleton-Based
 * Action Recognition", ICCV 2021. Blocks of a {@link ChannelTopologyGraphConvolution} with a residual connection and
 * of temporal branches side by side, with a residual connection around both. Each branch has a quarter of the channels
 * (the last the rest): a convolution of 5 frames, one with a dilation of 2, a maximum over 3, a pointwise convolution.
 * With the defaults, 25 joints and a classifier for 60 classes it has 1,446,522 parameters, the published code's 1.447
 * M but for 150: that code normalises each person's coordinates with statistics of their own, this network those of
 * all persons with the same.
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
 * import { ctrgcn } from '@amr/encoders';
 *
 * const { model, stages } = ctrgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 8, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 8, 20, 8], [null, 1, 4, 20, 16]]
 * const features = model.predict(tf.randomNormal([2, 1, 8, 20, 3])) as tf.Tensor; // [2, 16]
 * ```
 */
export function ctrgcn(config: CtrgcnConfig): Encoder {
  const { partition = 'directed', layout = 'ntu-rgb+d', width = 64 } = config;
  const { temporalKernel = 5, dilations = [1, 2] } = config;
  checkTemporalKernel('ctrgcn', temporalKernel);
  checkBranches('ctrgcn', width, dilations);
  const edges = adjacency(layout, partition);
  return gcn('ctrgcn', config, (x, place, parts) => {
    const { part, filters } = place;
    const { seed, name, norm } = parts;
    const others = new Array<number>(dilations.length + 1).fill(Math.floor(filters / (dilations.length + 2)));
    const graph = new ChannelTopologyGraphConvolution({
      filters,
      adjacency: edges,
      seed: seed(),
      name: name(`${part}Graph`),
    });
    const y = withGraphShortcut(norm(graph.apply(x) as SymbolicTensor, `${part}GraphNorm`), x, place, parts);
    // Section 3.4 and figure 3 (b); the last branch has what is left of the channels.
    const channels = [...others, filters - others.length * others[0]!];
    const behind = (branch: SymbolicTensor, of: string) => norm(branch, `${of}Norm`);
    return temporalBranches(y, { kernelSize: temporalKernel, dilations, channels, behind }, place, parts);
  });
}
