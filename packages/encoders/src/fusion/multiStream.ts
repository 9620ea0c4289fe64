import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../encoder.js';
import { checkKeys } from '../options.js';
import { type FusionConfig, fusionKeys } from './fusionConfig.js';
import { fusionNetwork } from './fusionNetwork.js';

/** Config of {@link multiStream}. */
export interface MultiStreamConfig extends FusionConfig {
  /** The encoder of each modality, two or more. The model's inputs have the same order. */
  streams: { [modality: string]: Encoder };
}

/**
 * A classifier of two or more streams: RGB, depth, skeleton, inertial data. Each encoder gets its modality. One dense
 * layer classifies the fused features; an auxiliary dense layer classifies each stream's own pooled features, for deep
 * supervision. The model shares the encoders' layers and weights, it does not copy them.
 *
 * `fusion` is one of the names below or any fusion layer of `@amr/layers`; the layer's role says what happens. A layer of
 * role `'exchange'` goes after the stages named by `at`, the rest of each encoder continues from its outputs, and the
 * pooled features are concatenated. A layer of role `'fuse'` replaces the concatenation. A layer of role `'classify'`
 * gives the logits itself; a layer of role `'late'` computes them from the auxiliary logits.
 *
 * - `'amr'`: `AttentionModalityReweighter`, exchange; a reconstruction, see there
 * - `'mmtm'`: `MultimodalTransferModule`, exchange
 * - `'memory'`: `ExternalFeatureMemory`, exchange, by default of the pooled features; fill it after training the rest
 * - `'concat'`: `ConcatFusion`, fuse
 * - `'sum'`: `SumFusion`, fuse; with a projection when the encoders' widths differ
 * - `'gmu'`: `GatedMultimodalUnit`, fuse
 * - `'attention'`: `ModalityAttention`, fuse
 * - `'odd-one-out'`: `OddOneOutFusion`, fuse
 * - `'orthogonal'`: `OrthogonalFusion` (CRMT), classify
 * - `'late'`: `LateFusion`, late: the mean of the logits
 *
 * Layers that need a width get that of the widest encoder; for other options give the layer itself.
 *
 * Inputs, in order: one per stream, with the name of the modality. Outputs, in order: the layers `logits`,
 * `<modality>Logits` for each modality, all [batch, classes] without softmax; with `returnWeights` the weights of each
 * fusion layer; with `returnFeatures` the pooled features `<modality>Pooled`, [batch, channels]. The model takes any
 * batch size.
 *
 * @throws {EncoderConfigError} when a stage does not exist, fusion points are out of order, names collide, or an option
 * has no effect
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { multiStream, resnet3d, stgcn } from '@amr/encoders';
 *
 * const video = { inputShape: [4, 16, 16, 1] as const, width: 4, blocks: [1, 1], stem: 'r3d' as const };
 * const model = multiStream({
 *   streams: {
 *     infrared: resnet3d({ ...video, name: 'infrared' }),
 *     depth: resnet3d({ ...video, name: 'depth' }),
 *     skeleton: stgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 4, blocks: [1, 1] }),
 *   },
 *   classes: 27,
 *   at: [1, 'last'],
 * });
 * console.log(model.inputNames); // infrared, depth, skeleton
 * console.log(model.outputNames); // logits, infraredLogits, depthLogits, skeletonLogits
 * ```
 */
export function multiStream(config: MultiStreamConfig): LayersModel {
  checkKeys('multiStream', config, { ...fusionKeys, streams: true });
  const { streams, ...fusion } = config;
  const list = Object.entries(streams).map(([modality, encoder]) => ({ modality, encoder }));
  return fusionNetwork('multiStream', list, fusion);
}
