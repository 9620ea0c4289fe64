import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkEncoder, type Encoder } from '../encoder.js';
import { checkKeys } from '../options.js';
import { type FusionConfig, fusionKeys } from './fusionConfig.js';
import { fusionNetwork } from './fusionNetwork.js';

/** Config of {@link twoStream}. */
export interface TwoStreamConfig extends FusionConfig {
  /** The encoder of the first stream, from {@link resnet3d} for instance. */
  rgb: Encoder;
  /** The encoder of the second stream, from {@link stgcn} for instance. */
  skeleton: Encoder;
  /** Names of the modalities. Default: the names of the encoders' inputs. */
  names?: {
    /** Name of the first modality. */
    rgb?: string;
    /** Name of the second modality. */
    skeleton?: string;
  };
}

/**
 * A classifier of two streams, RGB and skeleton as in the paper, or any other two: {@link multiStream} with the same
 * fusions, outputs and errors. The reweighter of `fusion: 'amr'`, the default, is a reconstruction, see
 * `AttentionModalityReweighter` of `@amr/layers`.
 *
 * @throws {EncoderConfigError} as {@link multiStream}
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { resnet3d, stgcn, twoStream } from '@amr/encoders';
 *
 * const model = twoStream({
 *   rgb: resnet3d({ inputShape: [4, 16, 16, 1], width: 4, blocks: [1, 1], stem: 'r3d', name: 'depth' }),
 *   skeleton: stgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 4, blocks: [1, 1] }),
 *   classes: 27,
 * });
 * console.log(model.inputNames, model.outputNames); // depth, skeleton; logits, depthLogits, skeletonLogits
 * const [logits] = model.predict([tf.zeros([2, 4, 16, 16, 1]), tf.ones([2, 1, 8, 20, 3])]) as tf.Tensor[];
 * console.log(logits!.shape); // [2, 27]
 * ```
 */
export function twoStream(config: TwoStreamConfig): LayersModel {
  checkKeys('twoStream', config, { ...fusionKeys, rgb: true, skeleton: true, names: true });
  const { rgb, skeleton, names = {}, ...fusion } = config;
  checkEncoder('twoStream.rgb', rgb);
  checkEncoder('twoStream.skeleton', skeleton);
  checkKeys('twoStream.names', names, { rgb: true, skeleton: true });
  const streams = [
    { encoder: rgb, modality: names.rgb ?? rgb.input.sourceLayer.name },
    { encoder: skeleton, modality: names.skeleton ?? skeleton.input.sourceLayer.name },
  ];
  return fusionNetwork('twoStream', streams, fusion);
}
