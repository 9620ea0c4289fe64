import { type InflatedResnet50Config, inflatedResnet50 } from '../../blocks/video/inflatedResnet50.js';
import type { Encoder } from '../../encoder.js';

/**
 * ResNet-50 inflated to video, the I3D baseline of Wang et al., "Non-local Neural Networks", CVPR 2018 (section 3.3;
 * inflation: Carreira & Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017), as PyTorchVideo builds it: a stem of
 * [5, 7, 7], the first convolution of every block over 3 frames in the first stage and of every second block after
 * it, and a max pool that halves the frames after the first stage. With a classifier for 400 classes it has
 * 28,043,472 parameters (published: 28.04 M); its published input is 8 frames.
 *
 * Input: [batch, frames, height, width, channels] with values in [0, 1], 2 frames of 32 x 32 pixels or more; the
 * normalisation by mean and std is a layer of the model. Stages: the same rank, the first before its pool. Features:
 * [batch, 32 width], the mean over frames and pixels.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import { i3dResNet50 } from '@amr/encoders';
 *
 * const { stages } = i3dResNet50({ inputShape: [4, 16, 16, 3], width: 2, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 4, 4, 4, 8], [null, 2, 2, 2, 16]]
 * ```
 */
export function i3dResNet50(config: InflatedResnet50Config): Encoder {
  return inflatedResnet50('i3dResNet50', config, {
    stemFrames: 5,
    frames: [[3], [3, 1], [3, 1], [1, 3]],
    temporalPool: true,
  });
}
