import { DatasetError } from '../../datasetError.js';
import { checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
import { type SkeletonFit, skeletonFits } from '../fitToFrames.js';
import { bodyTracks } from './bodyTrack.js';
import { checkDenoiseOptions, type DenoiseOptions, denoise } from './denoise.js';
import { type EmptyFrames, mainBodies, withoutEmptyFrames } from './mainBodies.js';
import { alignView, center, fitFrames } from './normalize.js';
import type { SkeletonRecording } from './skeletonFile.js';

/** Options of making an array of fixed shape from a recording. Plain data. */
export interface NtuSkeletonOptions {
  /** Number of bodies, 1 or 2. An absent second body is all zero. Default 2. */
  persons?: 1 | 2;
  /** Number of frames. Default 64. */
  frames?: number;
  /**
   * How the recording gets this number of frames. `'resample'` interpolates linearly at evenly spaced moments, first and last frame
   * included. `'pad'` appends zeros and `'loop'` starts again; both cut off what is too long, and no longer match a video in time.
   * Default `'resample'`.
   */
  fit?: SkeletonFit;
  /** Filters that remove bodies which are not persons; false keeps all. */
  denoise?: DenoiseOptions | false;
  /**
   * How to treat frames without any body. `'drop'` removes them, as CTR-GCN and PYSKL do; `'keep'` keeps them as zeros; `'repeat'`
   * repeats the frame before them. Default `'drop'`; in samples with a video `'repeat'`, so that both span the same time.
   */
  emptyFrames?: EmptyFrames;
  /** Whether to move the middle of the first body's spine, in its first frame, to the origin. Default true. */
  center?: boolean;
  /** Whether to rotate the first body's spine and shoulders, in its first frame, onto the z and x axes. Default false. */
  alignView?: boolean;
}

/** Options with their defaults filled in, except `emptyFrames`, whose default depends on the sample. */
type CheckedSkeletonOptions = Required<Omit<NtuSkeletonOptions, 'denoise' | 'emptyFrames'>> & {
  /** The filters, with their defaults. */
  denoise: ReturnType<typeof checkDenoiseOptions> | false;
  /** Default: see {@link NtuSkeletonOptions}. */
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
 * Fills in the defaults.
 * @throws {DatasetError} when an option is not valid
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
  checkOneOf('skeleton.fit', fit, skeletonFits);
  checkOneOf('skeleton.emptyFrames', emptyFrames ?? 'drop', ['drop', 'keep', 'repeat']);
  const filters = options.denoise === false ? false : checkDenoiseOptions(options.denoise);
  return { persons, frames, fit, emptyFrames, center: toOrigin, alignView: align, denoise: filters };
}

/** Limit of frames, in recordings and clips: nearly an hour. Empty frames take little space in a file, and much in memory. */
const MAX_FRAMES = 100_000;

/** A recording's main bodies. */
export interface SkeletonClip {
  /** Joints in metres, `[persons, frames, 25, 3]`; absent bodies are all zero. */
  joints: Float32Array;
  /** Ids of the recording's bodies in the clip. */
  ids: string[];
}

/**
 * The main bodies of a recording in a fixed number of frames. The steps, in this order: remove bodies that are not persons, choose
 * the main bodies by their motion, treat empty frames, move to the origin, rotate (if asked), and fit to the number of frames. With `{ denoise: false, emptyFrames: 'keep',
 * center: false, frames: recording.frames }` the joints are those of the file.
 * @throws {DatasetError} when the recording has no body or more than 100,000 frames, or an option is not valid
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
      `recording: got ${recording.frames} frames; expected at most ${MAX_FRAMES}. Cut the recording into clips.`,
    );
  }
  const all = bodyTracks(recording);
  if (all.length === 0) {
    throw new DatasetError(
      `recording: got ${recording.frames} frames without a body; expected at least one body. Leave the sample out.`,
    );
  }
  const tracks = checked.denoise ? denoise(all, checked.denoise) : all;
  const chosen = mainBodies(tracks, recording.frames, checked.persons);
  let clip = withoutEmptyFrames(chosen.clip, checked.emptyFrames ?? 'drop');
  if (checked.center) clip = center(clip);
  if (checked.alignView) clip = alignView(clip);
  return { joints: fitFrames(clip, checked.frames, checked.fit).positions, ids: chosen.ids };
}
