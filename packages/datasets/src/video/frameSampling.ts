import { evenlySpaced } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';

/**
 * Which frames stand for a clip. `'uniform'`: evenly spread, first and last included. `'segments'`: one of each of as many equal
 * parts (TSN, Wang et al., ECCV 2016): a random one, or the middle one without chance. `'dense'`: frames one after the other, a
 * stride apart, from a random start, or around the middle without chance.
 */
export type FrameSampling = 'uniform' | 'segments' | 'dense';

/** How {@link sampleFrames} picks frames. */
export interface FrameSamplingOptions {
  /** Which way; default `'uniform'`. */
  sampling?: FrameSampling;
  /** What random choices are drawn from; absent: none is random, as a test wants it. Uniform sampling never is. */
  random?: {
    /** A number in [0, 1). */
    uniform(): number;
    /** A whole number in [0, n). */
    integer(n: number): number;
  };
  /** Frames from one dense frame to the next, default 1. */
  stride?: number;
}

/** The ways to sample frames. */
export const frameSamplings: readonly FrameSampling[] = ['uniform', 'segments', 'dense'];

/**
 * Which of a clip's `total` frames stand for `count` of them. Frames of a clip that has fewer repeat: each several times in
 * turn where frames are spread, the clip from its beginning where they are dense (`'loop'` of mmaction2's SampleFrames).
 * @param total frames that there are, at least 1
 * @param count frames that are wanted, at least 1
 * @returns positions from 0 to total - 1; in order, but for a dense clip that begins anew
 * @throws {DatasetError} when a number is not a whole one of at least 1
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
  checkCount('total', total);
  checkCount('count', count);
  checkCount('stride', stride);
  if (sampling === 'uniform') return evenlySpaced(total, count);
  if (sampling === 'segments') {
    return Array.from({ length: count }, (_, i) =>
      Math.min(total - 1, Math.floor(((i + (random?.uniform() ?? 0.5)) * total) / count)),
    );
  }
  if (sampling === 'dense') {
    const beyond = Math.max(0, total - ((count - 1) * stride + 1));
    const start = random ? random.integer(beyond + 1) : Math.floor(beyond / 2);
    return Array.from({ length: count }, (_, i) => (start + i * stride) % total);
  }
  throw new DatasetError(
    `sampling: '${sampling}' was given, one of ${frameSamplings.join(', ')} was expected`,
  );
}
