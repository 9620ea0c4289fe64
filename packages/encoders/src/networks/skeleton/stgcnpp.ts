import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type GcnConfig, gcn, gcnKeys } from '../../blocks/skeleton/gcn.js';
import { checkBranches, temporalBranches } from '../../blocks/skeleton/temporalBranches.js';
import { withGraphShortcut } from '../../blocks/skeleton/withGraphShortcut.js';
import type { Encoder } from '../../encoder.js';
import { GraphConvolution } from '../../layers/graph/graphConvolution.js';
import { checkKeys, checkOdd } from '../../options.js';
import { adjacencyOf, type PartitionStrategy } from '../../skeleton/adjacency.js';
import { graphOf } from '../../skeleton/graphs.js';

/** Config of {@link stgcnpp}. Only `frames` has no default. */
export interface StgcnppConfig extends GcnConfig {
  /** The edges that training starts from. Default `'directed'`, PYSKL's. */
  partition?: PartitionStrategy;
  /** Frames of a dilated convolution's kernel, without the frames between its taps; odd. Default 3. */
  temporalKernel?: number;
  /** Dilations of the temporal convolutions; there is one convolution for each. Default [1, 2, 3, 4]. */
  dilations?: readonly number[];
}

/**
 * ST-GCN++: Duan, Wang, Chen & Lin, "PYSKL: Towards Good Practices for Skeleton Action Recognition", ACM MM 2022
 * (arXiv 2205.09443), section 3. ST-GCN with learned edges, a second residual connection around the graph convolution,
 * and parallel temporal branches instead of one long kernel: convolutions of dilations 1 to 4, a maximum over 3 frames
 * and a pointwise convolution. Each branch has a sixth of the channels, and the first one also the rest. With the
 * defaults and a classifier for 60 classes it has the published 1.40 M parameters (1,403,144) for 25 joints and 1.39 M
 * (1,393,016) for COCO's 17.
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
 * import { stgcnpp } from '@amr/encoders';
 *
 * const { model, stages } = stgcnpp({ frames: 8, persons: 1, layout: 'coco-17', width: 6, blocks: [1, 1], stream: 'bone' });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 8, 17, 6], [null, 1, 4, 17, 12]]
 * const features = model.predict(tf.randomNormal([2, 1, 8, 17, 3])) as tf.Tensor; // [2, 12]
 * ```
 */
export function stgcnpp(config: StgcnppConfig): Encoder {
  checkKeys('stgcnpp', config, { ...gcnKeys, partition: true, temporalKernel: true, dilations: true });
  const { partition = 'directed', layout = 'ntu-rgb+d', width = 64 } = config;
  const { temporalKernel = 3, dilations = [1, 2, 3, 4] } = config;
  checkOdd('stgcnpp.temporalKernel', temporalKernel);
  checkBranches('stgcnpp', width, dilations);
  const skeleton = graphOf('stgcnpp.layout', layout);
  const edges = adjacencyOf(skeleton, partition, 'stgcnpp.partition');
  return gcn('stgcnpp', config, skeleton, (x, position, builder) => {
    const { part, filters } = position;
    const { seed, name, norm, relu, temporal } = builder;
    const others = new Array<number>(dilations.length + 1).fill(Math.floor(filters / (dilations.length + 2)));
    const graph = new GraphConvolution({
      filters,
      adjacency: edges,
      learnedEdges: true,
      seed: seed(),
      name: name(`${part}Graph`),
    });
    const y = withGraphShortcut(
      norm(graph.apply(x) as SymbolicTensor, `${part}GraphNorm`),
      x,
      position,
      builder,
    );
    // The first branch also has the rest of the channels; a convolution then mixes the channels of all branches.
    const channels = [filters - others.length * others[0]!, ...others];
    const joined = temporalBranches(
      y,
      { kernelSize: temporalKernel, dilations, channels },
      position,
      builder,
    );
    const mixed = relu(norm(joined, `${part}BranchesNorm`), `${part}BranchesRelu`);
    return norm(temporal(mixed, `${part}Transform`, filters, 1, 1), `${part}TemporalNorm`);
  });
}
