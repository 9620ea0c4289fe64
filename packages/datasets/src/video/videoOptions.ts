import { DatasetError } from '../datasetError.js';
import { checkCount, optionKeys, rejectUnknownOptions } from '../options.js';
import type { StoredModality } from '../source/sourceFormat.js';
import { type FrameSampling, frameSamplings } from './frameSampling.js';

/**
 * Which part of the pictures is kept: `'person'`, the square around the skeletons' joints where they are known, and the central one
 * where they aren't; `'center'`, the largest central square; `'stretch'`, all of the picture, without regard to its proportions;
 * `'letterbox'`, all of it, with black beside what isn't square.
 */
export type VideoCrop = 'person' | 'center' | 'stretch' | 'letterbox';

/** How videos become arrays of one shape. Plain data. */
export interface VideoOptions {
  /** Frames that are kept of a clip, default 32. */
  frames?: number;
  /** Side of the square pictures in pixels, default 128. Smaller ones are averages over areas, larger ones bilinear. */
  size?: number;
  /**
   * Which frames are kept; default `'uniform'`, of which alone the first and last frames are the clip's, as those of resampled
   * skeletons are. `'segments'` stays within a part's length of that; `'dense'` shows a part of the clip, which suits videos alone:
   * prepared data can be sampled densely, in all modalities alike, when they are streamed.
   */
  sampling?: FrameSampling;
  /** Frames from one dense frame to the next, default 1. */
  stride?: number;
  /** Which part of the pictures is kept; default `'person'`. */
  crop?: VideoCrop;
  /** What is added to the person's box, as a share of its side; default 0.25. */
  margin?: number;
  /** Seed of the random choices of `'segments'` and `'dense'`, with the file's name; absent: none is random. */
  seed?: number;
  /**
   * What becomes of a file that ffmpeg can only read with errors, such as one that was cut off: `'refuse'`, which is the default,
   * is an error; `'keep'` takes the frames that there are, if any. Of a span, only what keeps ffmpeg from going on is an error.
   */
  damaged?: 'refuse' | 'keep';
  /** Seconds that ffmpeg may take for a file, default 600. */
  timeLimit?: number;
  /** The ffmpeg program; absent: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
}

/** Options with their defaults. */
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
/** Bytes of one sample: as many as a typed array holds without trouble anywhere. */
const greatest = 2 ** 30;

/**
 * The options with their defaults.
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
  if (frames * size * size * 3 > greatest) {
    throw new DatasetError(
      `frames and size: ${frames} pictures of ${size} x ${size} are more than ${greatest} bytes; give fewer or smaller ones`,
    );
  }
  oneOf('sampling', sampling, frameSamplings);
  oneOf('crop', crop, crops);
  oneOf('damaged', damaged, ['refuse', 'keep']);
  if (!(margin >= 0 && margin <= 10)) {
    throw new DatasetError(`margin: ${margin} was given, a number from 0 to 10 was expected`);
  }
  if (!(timeLimit > 0 && timeLimit <= 86400)) {
    throw new DatasetError(`timeLimit: ${timeLimit} was given, seconds up to 86400 were expected`);
  }
  if (seed !== undefined && !Number.isFinite(seed)) {
    throw new DatasetError(`seed: ${seed} was given, a finite number was expected`);
  }
  return checked;
}

/**
 * What a listing says of videos that are read with these options: bytes `[frames, size, size, 3]`.
 * @throws {DatasetError} when an option is out of its range
 */
export function videoModality(options: VideoOptions = {}): StoredModality {
  const { frames, size } = checkVideoOptions(options);
  return { dtype: 'uint8', shape: [frames, size, size, 3], kind: 'video', unit: 'intensity' };
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw new DatasetError(`${name}: '${value}' was given, one of ${allowed.join(', ')} was expected`);
  }
}
