import type { ModalityInfo } from '@amr/internal';
import { random } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { type AugmentationOptions, checkAugmentation } from './augmentationOptions.js';
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
import { type VideoShape, viewVideo } from './videos.js';

/** A modality whose samples are changed. */
export interface AugmentedModality extends ModalityInfo {
  /** What the values that are given are multiplied by, default 1. */
  scale?: number;
}

/** Changes samples, one at a time, in whatever thread: a pure function of (seed, epoch, id). */
export interface Augmenter {
  /** The modalities of changed samples: a crop makes videos smaller. */
  readonly modalities: { readonly [name: string]: ModalityInfo };
  /** What is done with one sample in one epoch. */
  draw(id: string, epoch: number): SampleChange;
}

/** What is done with one sample. */
export interface SampleChange {
  /** The label of the changed sample. */
  label(label: number): number;
  /**
   * Writes one modality's changed values, scaled.
   * @param values as they are stored, [frames that are stored, ...] in time; they stay as they are
   * @param into as many values as a sample of {@link Augmenter.modalities} has
   * @param frames which of the stored frames the sample has; absent: all
   */
  apply(
    name: string,
    values: Float32Array | Uint8Array,
    into: Float32Array,
    frames?: readonly number[],
  ): void;
}

/**
 * The augmentation of samples of these modalities and classes; see {@link AugmentationOptions}.
 * @param modalities what a sample has before, without what is cropped
 * @throws {DatasetError} when a number is out of its range, a class to mirror is unknown, or how a modality looks in a mirror is
 */
export function augmenter(
  modalities: { readonly [name: string]: AugmentedModality },
  classes: readonly string[],
  options: AugmentationOptions,
): Augmenter {
  const checked = checkAugmentation(options);
  const mirrorLabels = labelsInMirror(classes, options.mirrorClasses ?? []);
  const changers = new Map<string, Changer>();
  const changed: { [name: string]: ModalityInfo } = {};
  for (const [name, info] of Object.entries(modalities)) {
    const kind = kindOf(info);
    const { scale: _, ...rest } = info;
    const shape = [...info.shape];
    if (kind === 'video' && checked.crop) {
      const { size } = checked.crop;
      if (size > Math.min(shape[1]!, shape[2]!)) {
        throw new DatasetError(
          `crop: size ${size} was given, the frames of '${name}' have ${shape[1]} x ${shape[2]} pixels`,
        );
      }
      shape.splice(1, 2, size, size);
    }
    changed[name] = { ...rest, shape };
    changers.set(name, CHANGERS[kind](name, info, checked));
  }

  return {
    modalities: changed,
    draw(id, epoch) {
      const drawn = draw(checked, id, epoch);
      return {
        label: (label) => (drawn.mirrored ? mirrorLabels[label]! : label),
        apply(name, values, into, frames) {
          changers.get(name)!(values, drawn, into, frames);
        },
      };
    },
  };
}

/** How modalities are told apart that don't say their kind: joints in metres are a skeleton, what else has rank 4 is a video. */
export function kindOf({ kind, shape, unit }: ModalityInfo): NonNullable<ModalityInfo['kind']> | 'other' {
  if (kind) return kind;
  if (shape.length !== 4) return 'other';
  if (unit !== 'metres') return 'video';
  return shape[3] === 3 ? 'skeleton' : 'other';
}

type Checked = ReturnType<typeof checkAugmentation>;
/** Changes one modality of a sample as it was drawn. */
type Changer = (
  values: Float32Array | Uint8Array,
  drawn: Drawn,
  into: Float32Array,
  frames: readonly number[] | undefined,
) => void;
type Drawn = ReturnType<typeof draw>;

/** One sample's changes, drawn in a fixed order. What came later has a stream of its own, so that older draws stay. */
function draw(options: Checked, id: string, epoch: number) {
  const { seed, rotation, scale, shift, brightness, cropTime, mirror, roll, zoom } = options;
  const r = random('augmentation', seed, epoch, id);
  const angle = (r.uniform(-rotation, rotation) * Math.PI) / 180;
  const size = 1 + r.uniform(-scale, scale);
  const [right, down] = [Math.round(r.uniform(-shift, shift)), Math.round(r.uniform(-shift, shift))];
  const gain = 1 + r.uniform(-brightness, brightness);
  const kept = 1 - r.uniform(0, cropTime);
  const from = r.uniform(0, 1 - kept);
  const mirrored = r.chance(mirror);
  const picture = random('augmentation', seed, epoch, id, 'picture');
  return {
    turned: angle,
    size,
    right,
    down,
    gain,
    /** The part of the time that is left, in shares of the clip; absent: all. */
    time: cropTime > 0 ? ([from, from + kept] as const) : undefined,
    mirrored,
    rolled: (picture.uniform(-roll, roll) * Math.PI) / 180,
    zoom: 1 + picture.uniform(-zoom, zoom),
    /** Where a crop is, in shares of where it can be. */
    across: picture.uniform(),
    along: picture.uniform(),
    noise: r,
  };
}

const CHANGERS: {
  [kind in ReturnType<typeof kindOf>]: (name: string, info: AugmentedModality, options: Checked) => Changer;
} = { video: changeVideo, skeleton: changeSkeleton, keypoints: changeKeypoints, series: changeSeries, other };

function changeVideo(_name: string, info: AugmentedModality, { crop }: Checked): Changer {
  const shape = info.shape as unknown as VideoShape;
  const [count, height, width] = shape;
  const all = Array.from({ length: count }, (_, frame) => frame);
  return (values, drawn, into, frames = all) => {
    const centred = crop?.place === 'centre';
    const window = crop && {
      left: Math.floor((centred ? 0.5 : drawn.across) * (width - crop.size + (centred ? 0 : 1))),
      top: Math.floor((centred ? 0.5 : drawn.along) * (height - crop.size + (centred ? 0 : 1))),
      size: crop.size,
    };
    viewVideo(
      values,
      shape,
      {
        frames: drawn.time ? framesInTime(frames.length, ...drawn.time).map((i) => frames[i]!) : frames,
        mirrored: drawn.mirrored,
        angle: drawn.rolled,
        zoom: drawn.zoom,
        right: drawn.right,
        down: drawn.down,
        window,
        scale: info.scale,
        gain: drawn.gain,
        range: info.range,
      },
      into,
    );
  };
}

function changeSkeleton(name: string, info: AugmentedModality, options: Checked): Changer {
  const shape = info.shape as unknown as SkeletonShape;
  const [groups, frames, joints] = shape;
  const layout = { groups, frames, length: joints * 3, absent: joints * 3 };
  const pairs = options.mirror > 0 ? pairsOf(name, info, options) : [];
  return (values, drawn, into, picked) => {
    let out = floats(values, info.scale, layout, picked);
    if (drawn.time) out = cropTimeOf(out, layout, ...drawn.time);
    if (drawn.mirrored) out = mirrorSkeletons(out, shape, pairs);
    if (drawn.rolled !== 0 || drawn.zoom !== 1) out = rollSkeletons(out, shape, drawn.rolled, drawn.zoom);
    if (drawn.turned !== 0 || drawn.size !== 1) out = turnSkeletons(out, shape, drawn.turned, drawn.size);
    if (options.jitter > 0) out = jitterSkeletons(out, shape, options.jitter, drawn.noise);
    into.set(out);
  };
}

function changeKeypoints(name: string, info: AugmentedModality, options: Checked): Changer {
  const shape = info.shape as unknown as SkeletonShape;
  const [groups, frames, joints] = shape;
  const layout = { groups, frames, length: joints * 3, absent: 3 };
  if (info.unit === 'pixels' && (options.mirror > 0 || options.roll > 0 || options.zoom > 0)) {
    throw new DatasetError(
      `mirror, roll and zoom: the key points '${name}' are in pixels, from a corner of a picture whose size isn't known; give them from its middle, x to the right and y up, in another unit such as 'picture heights'`,
    );
  }
  const pairs = options.mirror > 0 ? pairsOf(name, info, options) : [];
  return (values, drawn, into, picked) => {
    let out = floats(values, info.scale, layout, picked);
    if (drawn.time) out = cropTimeOf(out, layout, ...drawn.time);
    if (drawn.mirrored) out = mirrorKeypoints(out, shape, pairs);
    if (drawn.rolled !== 0 || drawn.zoom !== 1) out = rollKeypoints(out, drawn.rolled, drawn.zoom);
    into.set(out);
  };
}

function changeSeries(name: string, info: AugmentedModality, options: Checked): Changer {
  const [frames, ...rest] = info.shape as [number, ...number[]];
  const layout = { groups: 1, frames, length: rest.reduce((product, axis) => product * axis, 1), absent: 0 };
  const signs = options.mirrorSeries?.[name];
  if (options.mirror > 0 && !signs) {
    throw new DatasetError(
      `mirror: what the series '${name}' would be in a mirror isn't known, since it depends on how the sensor was worn; give mirrorSeries the sign of each of its ${layout.length} channels, or leave mirror or '${name}' out`,
    );
  }
  if (signs && (signs.length !== layout.length || signs.some((sign) => Math.abs(sign) !== 1))) {
    throw new DatasetError(
      `mirrorSeries: [${signs}] was given for '${name}', ${layout.length} numbers, each 1 or -1, were expected`,
    );
  }
  return (values, drawn, into, picked) => {
    let out = floats(values, info.scale, layout, picked);
    if (drawn.time) out = cropTimeOf(out, layout, ...drawn.time);
    if (drawn.mirrored) out = out.map((value, i) => value * signs![i % signs!.length]!);
    into.set(out);
  };
}

function other(_name: string, info: AugmentedModality): Changer {
  return (values, _drawn, into) => {
    into.set(values);
    const { scale = 1 } = info;
    if (scale !== 1) for (let i = 0; i < into.length; i++) into[i]! *= scale;
  };
}

/** The frames of a sample as scaled floats, of their own memory where anything has to be done for it. */
function floats(
  values: Float32Array | Uint8Array,
  scale: number | undefined,
  { groups, length }: { groups: number; length: number },
  picked: readonly number[] | undefined,
): Float32Array {
  let out = values instanceof Float32Array ? values : Float32Array.from(values);
  if (picked) {
    const stored = out.length / (groups * length);
    const all = out;
    out = new Float32Array(groups * picked.length * length);
    for (let group = 0, at = 0; group < groups; group++) {
      for (const frame of picked) {
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
      `mirror: which of the ${joints} joints of '${name}' are left and right? Give mirrorJoints`,
    );
  }
  const beyond = pairs.flat().find((joint) => !(Number.isInteger(joint) && joint >= 0 && joint < joints));
  if (beyond !== undefined) {
    throw new DatasetError(
      `mirrorJoints: joint ${beyond} was given, '${name}' has joints 0 to ${joints - 1}`,
    );
  }
  return pairs;
}

function labelsInMirror(classes: readonly string[], swaps: readonly (readonly [string, string])[]): number[] {
  const labels = classes.map((_, label) => label);
  for (const [a, b] of swaps) {
    const [i, j] = [classes.indexOf(a), classes.indexOf(b)];
    if (i === -1 || j === -1) {
      throw new DatasetError(
        `mirrorClasses: there is no class '${i === -1 ? a : b}' among ${classes.join(', ')}`,
      );
    }
    [labels[i], labels[j]] = [j, i];
  }
  return labels;
}
