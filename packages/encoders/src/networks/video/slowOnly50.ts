import { type InflatedResnet50Config, inflatedResnet50 } from '../../blocks/video/inflatedResnet50.js';
import type { Encoder } from '../../encoder.js';

/**
 * SlowOnly-50, the slow pathway of Feichtenhofer et al., "SlowFast Networks for Video Recognition", ICCV 2019 (table
 * 1), alone, as PyTorchVideo builds it: a ResNet-50 that keeps all frames and convolves over 3 of them in the
 * blocks of its last two stages only. With a classifier for 400 classes it has 32,454,096 parameters (published: 32.45 M); its
 * published input is 8 frames.
 *
 * Input: [batch, frames, height, width, channels] with values in [0, 1], 32 x 32 pixels or more; the normalisation by
 * mean and std is a layer of the model. Stages: the same rank. Features: [batch, 32 width], the mean over frames and
 * pixels.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import { slowOnly50 } from '@amr/encoders';
 *
 * const { stages } = slowOnly50({ inputShape: [4, 16, 16, 3], width: 2, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 4, 4, 4, 8], [null, 4, 2, 2, 16]]
 * ```
 */
export function slowOnly50(config: InflatedResnet50Config): Encoder {
  return inflatedResnet50('slowOnly50', config, {
    stemFrames: 1,
    frames: [[1], [1], [3], [3]],
    temporalPool: false,
  });
}
