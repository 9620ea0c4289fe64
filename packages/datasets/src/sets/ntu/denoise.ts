import { DatasetError } from '../../datasetError.js';
import { type BodyTrack, motionOf } from './bodyTrack.js';
import { jointCount } from './skeletonFile.js';

/**
 * Which bodies of a recording are taken for furniture and reflections. The numbers and the order are those of the preparation that
 * CTR-GCN (Chen et al., ICCV 2021, `get_raw_denoised_data.py`) took over from SGN (Zhang et al., CVPR 2020), and PYSKL from it.
 */
export interface DenoiseOptions {
  /** Bodies in this many frames or fewer go; default 11, false keeps them. */
  length?: number | false;
  /**
   * Bodies go that are too wide for a person in too many of their frames; false keeps them. A frame is too wide when its x range is
   * more than `ratio` (default 0.8) times its y range; the body goes when `share` (default 0.69754) of its frames are. What stays
   * has its motion measured on its other frames, if it is less there.
   */
  spread?:
    | {
        /** Greatest x range of a frame that isn't too wide, as a multiple of its y range. */
        ratio?: number;
        /** Share of frames from which on the body goes. */
        share?: number;
      }
    | false;
  /**
   * Bodies other than the one that moves most go when their motion, in square metres, is below the first or above the second
   * number; true means [0.089925, 2]. Default false: the published preparation has this filter and doesn't run it.
   */
  motion?: readonly [number, number] | boolean;
}

/** Options with their defaults. */
export interface CheckedDenoiseOptions {
  length: number | false;
  spread: { ratio: number; share: number } | false;
  motion: readonly [number, number] | false;
}

/**
 * The options with their defaults.
 * @throws {DatasetError} when one is out of its range
 */
export function checkDenoiseOptions(options: DenoiseOptions = {}): CheckedDenoiseOptions {
  const { length = 11, motion = false } = options;
  const spread = options.spread === false ? false : { ratio: 0.8, share: 0.69754, ...options.spread };
  if (length !== false && !(Number.isInteger(length) && length >= 0)) {
    throw new DatasetError(`denoise.length: ${length} was given, expected a whole number of frames or false`);
  }
  if (spread && !(spread.ratio > 0 && spread.share > 0 && spread.share <= 1)) {
    throw new DatasetError(
      `denoise.spread: ratio ${spread.ratio} and share ${spread.share} were given, expected a positive number and one in (0, 1]`,
    );
  }
  const range = motion === true ? ([0.089925, 2] as const) : motion;
  if (range && !(range.length === 2 && range[0] <= range[1])) {
    throw new DatasetError(
      `denoise.motion: [${range}] was given, expected the least and the greatest motion`,
    );
  }
  return { length, spread, motion: range };
}

/**
 * The bodies that are persons, after the filters of {@link DenoiseOptions}: length, spread, motion. A recording of one body is left
 * alone, and so is the last body: where the length filter would take all, the longest stays.
 */
export function denoise(tracks: readonly BodyTrack[], options: CheckedDenoiseOptions): BodyTrack[] {
  let left = [...tracks];
  const { length, spread, motion } = options;
  if (length !== false && left.length > 1) {
    const long = left.filter((track) => track.frames.length > length);
    left = long.length > 0 ? long : [longest(left)];
  }
  if (spread && left.length > 1) left = filterSpread(left, spread);
  if (motion && left.length > 1) {
    const most = left.reduce((a, b) => (b.motion > a.motion ? b : a));
    left = left.filter((track) => track === most || (track.motion >= motion[0] && track.motion <= motion[1]));
  }
  return left;
}

/** In the file's order, for as long as another body is left. */
function filterSpread(
  tracks: readonly BodyTrack[],
  { ratio, share }: { ratio: number; share: number },
): BodyTrack[] {
  let left = tracks.length;
  return tracks.flatMap((track) => {
    if (left === 1) return [track];
    const upright = uprightFrames(track, ratio);
    const frames = track.frames.length;
    if ((frames - upright.length) / frames >= share) {
      left--;
      return [];
    }
    if (upright.length === frames) return [track];
    return [{ ...track, motion: Math.min(track.motion, motionOf(track.positions, upright)) }];
  });
}

/** Which of the body's frames are no wider than a person. */
function uprightFrames({ frames, positions }: BodyTrack, ratio: number): number[] {
  const range = (frame: number, axis: number) => {
    let [least, greatest] = [Infinity, -Infinity];
    for (let joint = 0; joint < jointCount; joint++) {
      const value = positions[(frame * jointCount + joint) * 3 + axis]!;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
    return greatest - least;
  };
  return Array.from(frames, (_, i) => i).filter((i) => range(i, 0) <= ratio * range(i, 1));
}

const longest = (tracks: readonly BodyTrack[]) =>
  tracks.reduce((a, b) => (b.frames.length > a.frames.length ? b : a));
