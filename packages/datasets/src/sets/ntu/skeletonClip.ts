import { DatasetError } from '../../datasetError.js';
import { checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
import { bodyTracks } from './bodyTrack.js';
import { checkDenoiseOptions, type DenoiseOptions, denoise } from './denoise.js';
import { type EmptyFrames, mainBodies, withoutEmptyFrames } from './mainBodies.js';
import { alignView, center, fitFrames, type SkeletonFit } from './normalize.js';
import type { SkeletonRecording } from './skeletonFile.js';

/** How a recording becomes an array of one shape. Plain data. */
export interface NtuSkeletonOptions {
  /** How many bodies: 1, or 2, which is the default. An absent second body is all zero. */
  persons?: 1 | 2;
  /** How many frames, default 64. */
  frames?: number;
  /**
   * How they come about; default `'resample'`: linearly between those of the recording, at even distances, the first and the last
   * included. `'pad'` puts zeros behind, `'loop'` begins again; both cut off what is too long, and span another time than a
   * video beside them.
   */
  fit?: SkeletonFit;
  /** Which bodies are no persons; false keeps them all. */
  denoise?: DenoiseOptions | false;
  /**
   * What becomes of frames without any body: `'drop'`, as CTR-GCN and PYSKL do; `'keep'`, as zeros; `'repeat'`, the frame before
   * them again. Default `'drop'`; of samples with a video `'repeat'`, so that both span the same time.
   */
  emptyFrames?: EmptyFrames;
  /** Whether the middle of the first body's spine, in its first frame, becomes the origin. Default true. */
  center?: boolean;
  /** Whether the first body's spine and shoulders, in its first frame, are turned to lie along z and x. Default false. */
  alignView?: boolean;
}

/** Options with their defaults; `emptyFrames` stays open. */
export type CheckedSkeletonOptions = Required<Omit<NtuSkeletonOptions, 'denoise' | 'emptyFrames'>> & {
  /** The filters, with their defaults. */
  denoise: ReturnType<typeof checkDenoiseOptions> | false;
  /** Absent: see {@link NtuSkeletonOptions}. */
  emptyFrames?: EmptyFrames;
};

const skeletonKeys = optionKeys<NtuSkeletonOptions>({
  persons: true,
  frames: true,
  fit: true,
  denoise: true,
  emptyFrames: true,
  center: true,
  alignView: true,
});

/**
 * The options with their defaults.
 * @throws {DatasetError} when one is out of its range, or there is no such option
 */
export function checkSkeletonOptions(options: NtuSkeletonOptions = {}): CheckedSkeletonOptions {
  const {
    persons = 2,
    frames = 64,
    fit = 'resample',
    emptyFrames,
    center: toOrigin = true,
    alignView: align = false,
  } = options;
  rejectUnknownOptions('skeleton', options, skeletonKeys);
  checkOption('skeleton.persons', persons, persons === 1 || persons === 2, '1 or 2');
  const isCount = Number.isInteger(frames) && frames >= 1 && frames <= MAX_FRAMES;
  checkOption('skeleton.frames', frames, isCount, `a whole number from 1 to ${MAX_FRAMES}`);
  checkOneOf('skeleton.fit', fit, ['resample', 'pad', 'loop']);
  checkOneOf('skeleton.emptyFrames', emptyFrames ?? 'drop', ['drop', 'keep', 'repeat']);
  const filters = options.denoise === false ? false : checkDenoiseOptions(options.denoise);
  return { persons, frames, fit, emptyFrames, center: toOrigin, alignView: align, denoise: filters };
}

/** Frames of a clip, in its recording and as it is wanted: nearly an hour. Empty ones take little in a file, and much here. */
const MAX_FRAMES = 100_000;

/** A recording's main bodies. */
export interface SkeletonClip {
  /** Metres, `[persons, frames, 25, 3]`; absent bodies are all zero. */
  joints: Float32Array;
  /** Ids of the recording's bodies that it is made of. */
  ids: string[];
}

/**
 * The main bodies of a recording in a fixed number of frames: denoised, chosen by their motion, without empty frames, moved to the
 * origin, turned when asked, and fitted to the number of frames, in this order. With `{ denoise: false, emptyFrames: 'keep',
 * center: false, frames: recording.frames }` joints come through as they are in the file.
 * @throws {DatasetError} when the recording has no body or more than 100,000 frames, or an option is out of its range
 * @example
 * ```ts
 * import { parseSkeletonFile, skeletonClip } from '@amr/datasets';
 *
 * const body = ['7205 0 1 1 1 1 0 0 0 2', '25', ...Array(25).fill('0.1 0 3 0 0 0 0 0 0 0 0 2')];
 * const recording = parseSkeletonFile(['1', '1', ...body].join('\n'));
 * console.log(skeletonClip(recording, { frames: 8 }).joints.length); // 2 * 8 * 25 * 3 = 1200
 * ```
 */
export function skeletonClip(recording: SkeletonRecording, options: NtuSkeletonOptions = {}): SkeletonClip {
  const checked = checkSkeletonOptions(options);
  if (recording.frames > MAX_FRAMES) {
    throw new DatasetError(
      `it has ${recording.frames} frames, a clip has at most ${MAX_FRAMES}; cut the recording into clips`,
    );
  }
  const all = bodyTracks(recording);
  if (all.length === 0) {
    throw new DatasetError(`none of its ${recording.frames} frames has a body; leave the sample out`);
  }
  const tracks = checked.denoise ? denoise(all, checked.denoise) : all;
  const chosen = mainBodies(tracks, recording.frames, checked.persons);
  let clip = withoutEmptyFrames(chosen.clip, checked.emptyFrames ?? 'drop');
  if (checked.center) clip = center(clip);
  if (checked.alignView) clip = alignView(clip);
  return { joints: fitFrames(clip, checked.frames, checked.fit).positions, ids: chosen.ids };
}
