import type { ModalityInfo } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import type { AugmentationOptions } from './augmentationOptions.js';
import { cropTimeOf, framesInTime } from './cropTime.js';
import { mirrorKeypoints, rollKeypoints } from './keypoints.js';
import { mirrorPairs } from './mirrorPairs.js';
import {
  jitterSkeletons,
  mirrorSkeletons,
  rollSkeletons,
  type SkeletonShape,
  turnSkeletons,
} from './skeletons.js';
import type { CheckedAugmentation, TransformParams } from './transformParams.js';
import { type VideoShape, viewVideo } from './videos.js';

/** A modality whose samples are transformed. */
export interface AugmentedModality extends ModalityInfo {
  /** Factor of the stored values, default 1. */
  scale?: number;
}

/**
 * Writes one modality's transformed and scaled values of a sample.
 * @param values as they are stored, [stored frames, ...] in time; they stay unchanged
 * @param into as many values as the transformed modality has
 * @param frames which of the stored frames the sample has; absent: all
 */
export type ModalityTransform = (
  values: Float32Array | Uint8Array,
  params: TransformParams,
  into: Float32Array,
  frames: readonly number[] | undefined,
) => void;

/** Makes the transform of each kind of modality. @throws {DatasetError} when an option doesn't fit the modality */
export const modalityTransforms: {
  readonly [kind in NonNullable<ModalityInfo['kind']> | 'other']: (
    name: string,
    info: AugmentedModality,
    options: CheckedAugmentation,
  ) => ModalityTransform;
} = { video, skeleton, keypoints, series, other };

function video(_name: string, info: AugmentedModality, { crop }: CheckedAugmentation): ModalityTransform {
  const shape = info.shape as unknown as VideoShape;
  const [count, height, width] = shape;
  const all = Array.from({ length: count }, (_, frame) => frame);
  return (values, params, into, frames = all) => {
    const isCentered = crop?.place === 'center';
    const window = crop && {
      left: Math.floor((isCentered ? 0.5 : params.cropX) * (width - crop.size + (isCentered ? 0 : 1))),
      top: Math.floor((isCentered ? 0.5 : params.cropY) * (height - crop.size + (isCentered ? 0 : 1))),
      size: crop.size,
    };
    viewVideo(
      values,
      shape,
      {
        frames: params.time ? framesInTime(frames.length, ...params.time).map((i) => frames[i]!) : frames,
        mirrored: params.mirrored,
        angle: params.roll,
        zoom: params.zoom,
        right: params.right,
        down: params.down,
        window,
        scale: info.scale,
        gain: params.gain,
        range: info.range,
      },
      into,
    );
  };
}

function skeleton(name: string, info: AugmentedModality, options: CheckedAugmentation): ModalityTransform {
  const shape = info.shape as unknown as SkeletonShape;
  const [groups, count, joints] = shape;
  const layout = { groups, frames: count, length: joints * 3, absent: joints * 3 };
  const pairs = options.mirror > 0 ? pairsOf(name, info, options) : [];
  return (values, params, into, frames) => {
    let out = floats(values, info.scale, layout, frames);
    if (params.time) out = cropTimeOf(out, layout, ...params.time);
    if (params.mirrored) out = mirrorSkeletons(out, shape, pairs);
    if (params.roll !== 0 || params.zoom !== 1) out = rollSkeletons(out, shape, params.roll, params.zoom);
    if (params.rotation !== 0 || params.scale !== 1)
      out = turnSkeletons(out, shape, params.rotation, params.scale);
    if (options.jitter > 0) out = jitterSkeletons(out, shape, options.jitter, params.noise);
    into.set(out);
  };
}

function keypoints(name: string, info: AugmentedModality, options: CheckedAugmentation): ModalityTransform {
  const shape = info.shape as unknown as SkeletonShape;
  const [groups, count, joints] = shape;
  const layout = { groups, frames: count, length: joints * 3, absent: 3 };
  if (info.unit === 'pixels' && (options.mirror > 0 || options.roll > 0 || options.zoom > 0)) {
    throw new DatasetError(
      `mirror, roll and zoom: got key points '${name}' in pixels from a corner of a picture of unknown size; expected them from the middle of the picture, x to the right and y up, in a unit such as 'picture heights'. Prepare them so, or leave these options out.`,
    );
  }
  const pairs = options.mirror > 0 ? pairsOf(name, info, options) : [];
  return (values, params, into, frames) => {
    let out = floats(values, info.scale, layout, frames);
    if (params.time) out = cropTimeOf(out, layout, ...params.time);
    if (params.mirrored) out = mirrorKeypoints(out, shape, pairs);
    if (params.roll !== 0 || params.zoom !== 1) out = rollKeypoints(out, params.roll, params.zoom);
    into.set(out);
  };
}

function series(name: string, info: AugmentedModality, options: CheckedAugmentation): ModalityTransform {
  const [count, ...rest] = info.shape as [number, ...number[]];
  const layout = {
    groups: 1,
    frames: count,
    length: rest.reduce((product, axis) => product * axis, 1),
    absent: 0,
  };
  const signs = options.mirrorSeries?.[name];
  if (options.mirror > 0 && !signs) {
    throw new DatasetError(
      `mirrorSeries.${name}: got undefined; expected the sign of each of its ${layout.length} channels in a mirror, which depends on how the sensor was worn. Give mirrorSeries, or leave mirror or '${name}' out.`,
    );
  }
  if (signs && (signs.length !== layout.length || signs.some((sign) => Math.abs(sign) !== 1))) {
    throw new DatasetError(
      `mirrorSeries.${name}: got [${signs}]; expected ${layout.length} numbers, each 1 or -1.`,
    );
  }
  return (values, params, into, frames) => {
    let out = floats(values, info.scale, layout, frames);
    if (params.time) out = cropTimeOf(out, layout, ...params.time);
    if (params.mirrored) out = out.map((value, i) => value * signs![i % signs!.length]!);
    into.set(out);
  };
}

function other(_name: string, info: AugmentedModality): ModalityTransform {
  return (values, _params, into) => {
    into.set(values);
    const { scale = 1 } = info;
    if (scale !== 1) for (let i = 0; i < into.length; i++) into[i]! *= scale;
  };
}

/** The frames of a sample as scaled floats; copied only when the values are bytes, scaled or some of the frames. */
function floats(
  values: Float32Array | Uint8Array,
  scale: number | undefined,
  { groups, length }: { groups: number; length: number },
  frames: readonly number[] | undefined,
): Float32Array {
  let out = values instanceof Float32Array ? values : Float32Array.from(values);
  if (frames) {
    const stored = out.length / (groups * length);
    const all = out;
    out = new Float32Array(groups * frames.length * length);
    for (let group = 0, at = 0; group < groups; group++) {
      for (const frame of frames) {
        const start = (group * stored + frame) * length;
        out.set(all.subarray(start, start + length), at);
        at += length;
      }
    }
  }
  if (scale === undefined || scale === 1) return out;
  return out.map((value) => value * scale);
}

function pairsOf(name: string, { shape }: ModalityInfo, { mirrorJoints }: AugmentationOptions) {
  const joints = shape[2]!;
  const pairs = mirrorJoints ?? mirrorPairs(joints);
  if (!pairs) {
    throw new DatasetError(
      `mirrorJoints: got undefined; expected the pairs of left and right joints, since '${name}' has ${joints} joints of an unknown layout. Give mirrorJoints, or leave mirror out.`,
    );
  }
  const beyond = pairs.flat().find((joint) => !(Number.isInteger(joint) && joint >= 0 && joint < joints));
  if (beyond !== undefined) {
    throw new DatasetError(
      `mirrorJoints: got joint ${beyond}; expected joints from 0 to ${joints - 1}, as '${name}' has.`,
    );
  }
  return pairs;
}
