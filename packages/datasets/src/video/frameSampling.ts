import { evenlySpaced } from '@amr/internal';
import { checkCount, checkOneOf, optionKeys, rejectUnknownOptions } from '../options.js';

/**
 * Which frames represent a clip. `'uniform'`: evenly spread, first and last included. `'segments'`: one frame of each of as many
 * equal segments (TSN, Wang et al., ECCV 2016): a random one, or the middle one when nothing is random. `'dense'`: consecutive
 * frames, a stride apart, from a random start, or around the middle when nothing is random.
 */
export type FrameSampling = 'uniform' | 'segments' | 'dense';

/** Options of {@link sampleFrames}. */
export interface FrameSamplingOptions {
  /** How frames are chosen. Default `'uniform'`. */
  sampling?: FrameSampling;
  /** Source of random numbers. Default: nothing is random, as in evaluation. Uniform sampling is never random. */
  random?: {
    /** A number in [0, 1). */
    uniform(): number;
    /** A whole number in [0, n). */
    integer(n: number): number;
  };
  /** Distance between dense frames. Default 1. */
  stride?: number;
}

const sampleKeys = optionKeys<FrameSamplingOptions>({ sampling: true, random: true, stride: true });

/** All values of {@link FrameSampling}. */
export const frameSamplings: readonly FrameSampling[] = ['uniform', 'segments', 'dense'];

/**
 * Chooses `count` of a clip's `total` frames. When the clip has fewer, frames repeat: uniform and segment sampling repeat each
 * frame in place, dense sampling starts again at the beginning (`'loop'` of mmaction2's SampleFrames).
 * @param total number of frames of the clip, at least 1
 * @param count number of frames to choose, at least 1
 * @returns positions from 0 to total - 1, in order, except for a dense clip that starts again
 * @throws {DatasetError} when a number is not a whole number from 1, or an option is not known
 * @example
 * ```ts
 * import { sampleFrames } from '@amr/datasets';
 *
 * console.log(sampleFrames(90, 4)); // [0, 30, 59, 89]
 * console.log(sampleFrames(90, 3, { sampling: 'segments' })); // [15, 45, 75]
 * console.log(sampleFrames(90, 3, { sampling: 'dense', stride: 2 })); // [42, 44, 46]
 * ```
 */
export function sampleFrames(total: number, count: number, options: FrameSamplingOptions = {}): number[] {
  const { sampling = 'uniform', random, stride = 1 } = options;
  rejectUnknownOptions('sampleFrames', options, sampleKeys);
  checkCount('total', total);
  checkCount('count', count);
  checkCount('stride', stride);
  checkOneOf('sampling', sampling, frameSamplings);
  if (sampling === 'uniform') return evenlySpaced(total, count);
  if (sampling === 'segments') {
    return Array.from({ length: count }, (_, i) =>
      Math.min(total - 1, Math.floor(((i + (random?.uniform() ?? 0.5)) * total) / count)),
    );
  }
  const lastStart = Math.max(0, total - ((count - 1) * stride + 1));
  const start = random ? random.integer(lastStart + 1) : Math.floor(lastStart / 2);
  return Array.from({ length: count }, (_, i) => (start + i * stride) % total);
}
