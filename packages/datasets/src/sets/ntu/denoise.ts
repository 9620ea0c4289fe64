import { checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
import { type BodyTrack, motionOf } from './bodyTrack.js';
import { jointCount } from './skeletonFile.js';

/**
 * Filters that remove bodies which are furniture or reflections. The numbers and the order are those of the preparation that CTR-GCN
 * (Chen et al., ICCV 2021, `get_raw_denoised_data.py`) took over from SGN (Zhang et al., CVPR 2020), and PYSKL from CTR-GCN.
 */
export interface DenoiseOptions {
  /** Removes bodies that are in this many frames or fewer. Default 11; false turns the filter off. */
  length?: number | false;
  /**
   * Removes bodies that are too wide for a person in too many of their frames; false turns the filter off. A frame is too wide when
   * its x range is more than `ratio` (default 0.8) times its y range. A body is removed when `share` (default 0.69754) of its frames
   * are too wide. The motion of a body that is kept is measured on its other frames, if it is smaller there.
   */
  spread?:
    | {
        /** Largest x range of a frame that isn't too wide, as a multiple of its y range. */
        ratio?: number;
        /** Fraction of too wide frames from which on a body is removed. */
        share?: number;
      }
    | false;
  /**
   * Removes bodies, except the one that moves most, whose motion in square metres is below the first or above the second number;
   * true means [0.089925, 2]. Default false: the published preparation contains this filter but doesn't run it.
   */
  motion?: readonly [number, number] | boolean;
}

const denoiseKeys = optionKeys<DenoiseOptions>({ length: true, spread: true, motion: true });

/** {@link DenoiseOptions} with their defaults filled in. */
interface CheckedDenoiseOptions {
  length: number | false;
  spread: { ratio: number; share: number } | false;
  motion: readonly [number, number] | false;
}

/**
 * Fills in the defaults.
 * @throws {DatasetError} when an option is not valid
 */
export function checkDenoiseOptions(options: DenoiseOptions = {}): CheckedDenoiseOptions {
  const { length = 11, motion = false } = options;
  const spread = options.spread === false ? false : { ratio: 0.8, share: 0.69754, ...options.spread };
  const path = 'skeleton.denoise';
  rejectUnknownOptions(path, options, denoiseKeys);
  const isLength = length === false || (Number.isInteger(length) && length >= 0);
  checkOption(`${path}.length`, length, isLength, 'a whole number of frames from 0, or false');
  if (spread) {
    rejectUnknownOptions(`${path}.spread`, spread, ['ratio', 'share']);
    const { ratio, share } = spread;
    checkOption(`${path}.spread.ratio`, ratio, ratio > 0, 'a number above 0');
    checkOption(`${path}.spread.share`, share, share > 0 && share <= 1, 'a number above 0, at most 1');
  }
  const range = motion === true ? ([0.089925, 2] as const) : motion;
  const isRange = !range || (range.length === 2 && range[0] <= range[1]);
  checkOption(`${path}.motion`, range, isRange, 'the smallest and the largest motion, or a boolean');
  return { length, spread, motion: range };
}

/**
 * Applies the filters of {@link DenoiseOptions} in their order: length, spread, motion. The last body is never removed; where the
 * length filter would remove all, the longest is kept.
 */
export function denoise(tracks: readonly BodyTrack[], options: CheckedDenoiseOptions): BodyTrack[] {
  let kept = [...tracks];
  const { length, spread, motion } = options;
  if (length !== false && kept.length > 1) {
    const long = kept.filter((track) => track.frames.length > length);
    kept = long.length > 0 ? long : [longest(kept)];
  }
  if (spread && kept.length > 1) kept = filterSpread(kept, spread);
  if (motion && kept.length > 1) {
    const most = kept.reduce((a, b) => (b.motion > a.motion ? b : a));
    kept = kept.filter((track) => track === most || (track.motion >= motion[0] && track.motion <= motion[1]));
  }
  return kept;
}

/** Removes bodies that are too wide, in the file's order, as long as another body remains. */
function filterSpread(
  tracks: readonly BodyTrack[],
  { ratio, share }: { ratio: number; share: number },
): BodyTrack[] {
  let remaining = tracks.length;
  return tracks.flatMap((track) => {
    if (remaining === 1) return [track];
    const upright = uprightFrames(track, ratio);
    const frames = track.frames.length;
    if ((frames - upright.length) / frames >= share) {
      remaining--;
      return [];
    }
    if (upright.length === frames) return [track];
    return [{ ...track, motion: Math.min(track.motion, motionOf(track.positions, upright)) }];
  });
}

/** The body's frames that are no wider than a person. */
function uprightFrames({ frames, positions }: BodyTrack, ratio: number): number[] {
  const range = (frame: number, axis: number) => {
    let [low, high] = [Infinity, -Infinity];
    for (let joint = 0; joint < jointCount; joint++) {
      const value = positions[(frame * jointCount + joint) * 3 + axis]!;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return high - low;
  };
  return Array.from(frames, (_, i) => i).filter((i) => range(i, 0) <= ratio * range(i, 1));
}

const longest = (tracks: readonly BodyTrack[]) =>
  tracks.reduce((a, b) => (b.frames.length > a.frames.length ? b : a));
