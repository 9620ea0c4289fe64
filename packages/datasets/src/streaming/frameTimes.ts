import type { Random } from '@amr/internal';
import { evenlySpaced } from '@amr/internal';
import type { FrameSampling } from '../video/frameSampling.js';

/** How many frames of a modality there are, and how many are wanted: at most as many. */
export interface FrameCount {
  /** Frames that are stored, evenly over the clip, first and last included. */
  stored: number;
  /** Frames of a sample. */
  wanted: number;
}

/**
 * Which of the stored frames of each modality a sample has: at the same moments of the clip in all of them, whatever their
 * numbers of frames.
 *
 * `'uniform'`: evenly spread, first and last included. `'dense'`: evenly spread in a part of the clip, the same in all; it is
 * as long as the modality that keeps the largest share of its frames needs for frames that follow one another, and begins
 * anywhere. `'segments'`: the clip is cut into as many equal parts as frames are wanted, and a random moment of each is taken (TSN, Wang et al., ECCV
 * 2016); where parts are shorter than two stored frames, one may be taken twice.
 * The modality of fewest frames draws first; another takes the moment that was drawn in its part of the clip, and draws one of
 * its own where there is none.
 * @param random what is drawn from; uniform sampling draws nothing
 */
export function sampleMoments(
  counts: { readonly [modality: string]: FrameCount },
  sampling: FrameSampling,
  random: () => Random,
): { [modality: string]: number[] } {
  const entries = Object.entries(counts);
  if (sampling === 'uniform') {
    return Object.fromEntries(
      entries.map(([name, { stored, wanted }]) => [name, evenlySpaced(stored, wanted)]),
    );
  }
  const frames: { [modality: string]: number[] } = {};
  if (sampling === 'dense') {
    const length = Math.max(
      0,
      ...entries.map(([, { stored, wanted }]) => (wanted - 1) / Math.max(1, stored - 1)),
    );
    const from = random().uniform(0, 1 - length);
    for (const [name, { stored, wanted }] of entries) {
      // One start for all frames, rounded once: those that follow one another do so whatever it is.
      const start = from * (stored - 1);
      const step = wanted === 1 ? 0 : (length * (stored - 1)) / (wanted - 1);
      const first = wanted === 1 ? start + (length * (stored - 1)) / 2 : start;
      const whole = Math.round(first);
      frames[name] = Array.from({ length: wanted }, (_, i) =>
        Math.min(stored - 1, Math.round(step * i + (Math.abs(step - 1) < 1e-9 ? whole : first))),
      );
    }
    return frames;
  }
  const r = random();
  let drawn: number[] = [];
  for (const [name, { stored, wanted }] of entries.toSorted(
    ([a, { wanted: m }], [b, { wanted: n }]) => m - n || (a < b ? -1 : 1),
  )) {
    let next = 0;
    const moments = Array.from({ length: wanted }, (_, i) => {
      while (next < drawn.length && drawn[next]! * wanted < i) next++;
      const own = (i + r.uniform()) / wanted;
      const known = drawn[next];
      return known !== undefined && known * wanted < i + 1 ? known : own;
    });
    drawn = moments;
    frames[name] = moments.map((moment) => Math.min(stored - 1, Math.floor(moment * stored)));
  }
  return frames;
}
