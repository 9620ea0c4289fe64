import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkTemporalKernel, type GcnConfig, gcn } from '../../blocks/skeleton/gcn.js';
import { checkBranches, temporalBranches } from '../../blocks/skeleton/temporalBranches.js';
import { withGraphShortcut } from '../../blocks/skeleton/withGraphShortcut.js';
import type { Encoder } from '../../encoder.js';
import { GraphConvolution } from '../../layers/graph/graphConvolution.js';
import { adjacency, type PartitionStrategy } from '../../skeleton/adjacency.js';

/** What {@link stgcnpp} can be told. Only `frames` has no default. */
export interface StgcnppConfig extends GcnConfig {
  /** The edges that training starts from. Default `'directed'`, PYSKL's. */
  partition?: PartitionStrategy;
  /** Frames that the dilated convolutions see, without those they skip; odd. Default 3. */
  temporalKernel?: number;
  /** Dilations of the temporal convolutions, one for each. Default [1, 2, 3, 4]. */
  dilations?: readonly number[];
}

/**
 * ST-GCN++: Duan, Wang, Chen & Lin, "PYSKL: Towards Good Practices for Skeleton Action Recognition", ACM MM 2022
 * (arXiv 2205.09443), section 3. ST-GCN with edges that are learned, a residual connection around the graph convolution
 * too, and temporal branches side by side instead of one long kernel: convolutions of dilations 1 to 4, a maximum over
 * 3 frames and a pointwise convolution. Each branch has a sixth of the channels, the first also the rest. With the
 * defaults and a classifier for 60 classes it has the published 1.40 M parameters (1,403,144) for 25 joints and 1.39 M
 * (1,393,016) for COCO's 17.
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
 * import { stgcnpp } from '@amr/encoders';
 *
 * const { model, stages } = stgcnpp({ frames: 8, persons: 1, layout: 'coco-17', width: 6, blocks: [1, 1], stream: 'bone' });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 8, 17, 6], [null, 1, 4, 17, 12]]
 * const features = model.predict(tf.randomNormal([2, 1, 8, 17, 3])) as tf.Tensor; // [2, 12]
 * ```
 */
export function stgcnpp(config: StgcnppConfig): Encoder {
  const { partition = 'directed', layout = 'ntu-rgb+d', width = 64 } = config;
  const { temporalKernel = 3, dilations = [1, 2, 3, 4] } = config;
  checkTemporalKernel('stgcnpp', temporalKernel);
  checkBranches('stgcnpp', width, dilations);
  const edges = adjacency(layout, partition);
  return gcn('stgcnpp', config, (x, place, parts) => {
    const { part, filters } = place;
    const { seed, name, norm, relu, temporal } = parts;
    const others = new Array<number>(dilations.length + 1).fill(Math.floor(filters / (dilations.length + 2)));
    const graph = new GraphConvolution({
      filters,
      adjacency: edges,
      learnedEdges: true,
      seed: seed(),
      name: name(`${part}Graph`),
    });
    const y = withGraphShortcut(norm(graph.apply(x) as SymbolicTensor, `${part}GraphNorm`), x, place, parts);
    // The first branch also has what is left of the channels; a convolution mixes those of all branches.
    const channels = [filters - others.length * others[0]!, ...others];
    const joined = temporalBranches(y, { kernelSize: temporalKernel, dilations, channels }, place, parts);
    const mixed = relu(norm(joined, `${part}BranchesNorm`), `${part}BranchesRelu`);
    return norm(temporal(mixed, `${part}Transform`, filters, 1, 1), `${part}TemporalNorm`);
  });
}
