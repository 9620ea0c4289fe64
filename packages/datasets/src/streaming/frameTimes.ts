import type { Random } from '@amr/internal';
import { evenlySpaced } from '@amr/internal';
import type { FrameSampling } from '../video/frameSampling.js';

/** Numbers of a modality's stored frames and of the wanted ones, at most as many. */
export interface FrameCount {
  /** Stored frames, evenly spread over the clip, first and last included. */
  stored: number;
  /** Frames of a sample. */
  wanted: number;
}

/**
 * Picks frames of each modality at the same times of the clip, whatever the modalities' numbers of frames.
 *
 * `'uniform'`: evenly spread, first and last included. `'dense'`: evenly spread in a random part of the clip, the same in all
 * modalities; the part is as long as the modality that keeps the largest share of its frames needs for consecutive frames.
 * `'segments'`: a random time of each of as many equal parts as frames are wanted (TSN, Wang et al., ECCV 2016); where parts are
 * shorter than two stored frames, a frame may come twice. The modality of fewest frames draws first. Another modality takes the
 * time that was drawn in its part of the clip, and draws one where there is none.
 * @param random gives the stream of random numbers; uniform sampling draws none
 * @returns positions among the stored frames
 */
export function frameTimes(
  counts: { readonly [modality: string]: FrameCount },
  sampling: FrameSampling,
  random: () => Random,
): { [modality: string]: number[] } {
  if (sampling === 'dense') return denseTimes(counts, random());
  if (sampling === 'segments') return segmentTimes(counts, random());
  return Object.fromEntries(
    Object.entries(counts).map(([name, { stored, wanted }]) => [name, evenlySpaced(stored, wanted)]),
  );
}

function denseTimes(
  counts: { readonly [modality: string]: FrameCount },
  random: Random,
): { [modality: string]: number[] } {
  const entries = Object.entries(counts);
  const shares = entries.map(([, { stored, wanted }]) => (wanted - 1) / Math.max(1, stored - 1));
  const length = Math.max(0, ...shares);
  const from = random.uniform(0, 1 - length);
  return Object.fromEntries(
    entries.map(([name, { stored, wanted }]) => {
      const start = from * (stored - 1);
      const step = wanted === 1 ? 0 : (length * (stored - 1)) / (wanted - 1);
      const first = wanted === 1 ? start + (length * (stored - 1)) / 2 : start;
      // Consecutive frames share one rounded start, so that they stay consecutive wherever it lies.
      const origin = Math.abs(step - 1) < 1e-9 ? Math.round(first) : first;
      const frames = Array.from({ length: wanted }, (_, i) =>
        Math.min(stored - 1, Math.round(step * i + origin)),
      );
      return [name, frames];
    }),
  );
}

function segmentTimes(
  counts: { readonly [modality: string]: FrameCount },
  random: Random,
): { [modality: string]: number[] } {
  const frames: { [modality: string]: number[] } = {};
  /** Times of the modality before, from 0 to 1. */
  let drawn: number[] = [];
  for (const [name, { stored, wanted }] of Object.entries(counts).toSorted(
    ([a, { wanted: m }], [b, { wanted: n }]) => m - n || (a < b ? -1 : 1),
  )) {
    let next = 0;
    const times = Array.from({ length: wanted }, (_, i) => {
      while (next < drawn.length && drawn[next]! * wanted < i) next++;
      const own = (i + random.uniform()) / wanted;
      const known = drawn[next];
      return known !== undefined && known * wanted < i + 1 ? known : own;
    });
    drawn = times;
    frames[name] = times.map((time) => Math.min(stored - 1, Math.floor(time * stored)));
  }
  return frames;
}
