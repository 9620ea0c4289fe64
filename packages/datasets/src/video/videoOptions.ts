import { DatasetError } from '../datasetError.js';
import { checkCount, checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { StoredModality } from '../source/sourceFormat.js';
import { type FrameSampling, frameSamplings } from './frameSampling.js';

/**
 * Which part of the pictures is kept. `'person'`: the square around the skeletons' joints, or the central square when joints are
 * not known. `'center'`: the largest central square. `'stretch'`: all of the picture, with changed proportions. `'letterbox'`:
 * all of it, padded with black to a square.
 */
export type VideoCrop = 'person' | 'center' | 'stretch' | 'letterbox';

/** Options of reading videos as arrays of one shape. Plain data. */
export interface VideoOptions {
  /** Number of frames kept of a clip. Default 32. */
  frames?: number;
  /** Side of the square pictures in pixels. Pictures are reduced by averaging areas, and enlarged bilinearly. Default 128. */
  size?: number;
  /**
   * Which frames are kept. Default `'uniform'`: the only sampling whose first and last frames are the clip's, as in resampled
   * skeletons. `'segments'` differs from it by less than a segment's length. `'dense'` keeps only a part of the clip, which no
   * longer matches a skeleton; prepared data can be sampled densely, in all modalities alike, when it is streamed.
   */
  sampling?: FrameSampling;
  /** Distance between dense frames. Default 1. */
  stride?: number;
  /** Which part of the pictures is kept. Default `'person'`. */
  crop?: VideoCrop;
  /** Margin of the person's box, as a fraction of its side. Default 0.25. */
  margin?: number;
  /** Seed, together with the file's name, of the random choices of `'segments'` and `'dense'`. Default: nothing is random. */
  seed?: number;
  /**
   * How to treat a file that ffmpeg can only read with errors, such as a truncated one. `'refuse'` throws, `'keep'` uses the
   * frames that can be read, if any. When a span is read, only errors that stop ffmpeg count. Default `'refuse'`.
   */
  damaged?: 'refuse' | 'keep';
  /** Time limit of ffmpeg for a file in seconds. Default 600. */
  timeLimit?: number;
  /** The ffmpeg program. Default: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
}

/** Options with their defaults filled in. */
export type CheckedVideoOptions = Required<Omit<VideoOptions, 'seed' | 'ffmpeg'>> &
  Pick<VideoOptions, 'seed' | 'ffmpeg'>;

const videoKeys = optionKeys<VideoOptions>({
  frames: true,
  size: true,
  sampling: true,
  stride: true,
  crop: true,
  margin: true,
  seed: true,
  damaged: true,
  timeLimit: true,
  ffmpeg: true,
});
const crops: readonly VideoCrop[] = ['person', 'center', 'stretch', 'letterbox'];
/** Limit of a sample's bytes: typed arrays of this size work on all platforms. */
const MAX_BYTES = 2 ** 30;

/**
 * Fills in the defaults.
 * @throws {DatasetError} when one is out of its range
 */
export function checkVideoOptions(options: VideoOptions = {}): CheckedVideoOptions {
  rejectUnknownOptions('video', options, videoKeys);
  const checked: CheckedVideoOptions = {
    frames: 32,
    size: 128,
    sampling: 'uniform',
    stride: 1,
    crop: 'person',
    margin: 0.25,
    damaged: 'refuse',
    timeLimit: 600,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
  const { frames, size, sampling, stride, crop, margin, seed, damaged, timeLimit } = checked;
  checkCount('video.frames', frames);
  checkCount('video.size', size);
  checkCount('video.stride', stride);
  if (frames * size * size * 3 > MAX_BYTES) {
    throw new DatasetError(
      `video: got ${frames} frames of size ${size}; expected at most ${MAX_BYTES} bytes in all. Reduce frames or size.`,
    );
  }
  checkOneOf('video.sampling', sampling, frameSamplings);
  checkOneOf('video.crop', crop, crops);
  checkOneOf('video.damaged', damaged, ['refuse', 'keep']);
  checkOption('video.margin', margin, margin >= 0 && margin <= 10, 'a number from 0 to 10');
  checkOption(
    'video.timeLimit',
    timeLimit,
    timeLimit > 0 && timeLimit <= 86400,
    'a number of seconds above 0, at most 86400',
  );
  if (seed !== undefined) checkOption('video.seed', seed, Number.isFinite(seed), 'a finite number');
  return checked;
}

/**
 * A listing's entry for videos that are read with these options: bytes `[frames, size, size, 3]`.
 * @throws {DatasetError} when an option is out of its range
 */
export function videoModality(options: VideoOptions = {}): StoredModality {
  const { frames, size } = checkVideoOptions(options);
  return { dtype: 'uint8', shape: [frames, size, size, 3], kind: 'video', unit: 'intensity' };
}
