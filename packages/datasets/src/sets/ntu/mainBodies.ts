import type { BodyTrack } from './bodyTrack.js';
import { jointCount } from './skeletonFile.js';

/** Bodies frame by frame. */
export interface BodyClip {
  /** Positions in metres `[persons, frames, 25, 3]`, zero where a body is absent. */
  positions: Float32Array;
  /** Number of bodies, including absent ones. */
  persons: number;
  /** Number of frames. */
  frames: number;
  /** 1 where the body is present: `[persons, frames]`. */
  present: Uint8Array;
}

/**
 * The one or two main bodies of a recording. Bodies are assigned in the order of their motion, largest first: to the first person,
 * unless the body overlaps in time with what that person has so far, else to the second under the same condition, else to nobody.
 * This joins the parts of a body that the sensor lost and found again. A person's time spans from the earliest to the latest frame,
 * the second person's from the beginning. Spans that share at most one frame don't overlap, and the body that is assigned later gets
 * this frame. The rule is that of CTR-GCN's `get_raw_denoised_data.py` (Chen et al., ICCV 2021) and of PYSKL.
 * @param tracks at least one body
 * @param frames number of frames of the recording
 * @param persons number of bodies of the clip
 * @returns the clip, and the ids of the bodies in it
 */
export function mainBodies(
  tracks: readonly BodyTrack[],
  frames: number,
  persons: 1 | 2,
): { clip: BodyClip; ids: string[] } {
  const stride = 3 * jointCount;
  const positions = new Float32Array(persons * frames * stride);
  const present = new Uint8Array(persons * frames);
  const spans: { from: number; to: number }[] = [];
  const ids: string[] = [];
  // Frames without any body don't count, so that they don't separate what comes before them from what comes after.
  const order = frameOrder(tracks, frames);
  for (const track of [...tracks].sort((a, b) => b.motion - a.motion)) {
    const from = order[track.frames[0]!]!;
    const to = order[track.frames.at(-1)!]!;
    for (let person = 0; person < persons; person++) {
      const span = spans[person];
      if (span && Math.min(span.to, to) - Math.max(span.from, from) > 0) continue;
      spans[person] = {
        from: Math.min(span?.from ?? (person === 0 ? from : 0), from),
        to: Math.max(span?.to ?? to, to),
      };
      ids.push(track.id);
      track.frames.forEach((frame, i) => {
        positions.set(
          track.positions.subarray(i * stride, (i + 1) * stride),
          (person * frames + frame) * stride,
        );
        present[person * frames + frame] = 1;
      });
      break;
    }
  }
  return { clip: { positions, persons, frames, present }, ids };
}

/** How to treat frames without a body. `'drop'` removes them, `'keep'` keeps them as zeros, `'repeat'` repeats a neighbour. */
export type EmptyFrames = 'drop' | 'keep' | 'repeat';

/**
 * Drops frames without a body, keeps them as zeros, or replaces each by the last frame before it that has one (at the beginning: by
 * the first frame that has one).
 * @param clip with a body in at least one frame
 */
export function withoutEmptyFrames(clip: BodyClip, empty: EmptyFrames): BodyClip {
  if (empty === 'keep') return clip;
  const { persons, frames, present } = clip;
  const filled = Array.from({ length: frames }, (_, frame) => frame).filter((frame) =>
    Array.from({ length: persons }, (_, person) => present[person * frames + frame]).includes(1),
  );
  if (filled.length === frames) return clip;
  if (empty === 'drop') return takeFrames(clip, filled);
  let next = 0;
  return takeFrames(
    clip,
    Array.from({ length: frames }, (_, frame) => {
      while (next + 1 < filled.length && filled[next + 1]! <= frame) next++;
      return filled[next]!;
    }),
  );
}

/** The clip of these frames, in this order. */
function takeFrames(clip: BodyClip, frames: readonly number[]): BodyClip {
  const stride = 3 * jointCount;
  const { persons } = clip;
  const positions = new Float32Array(persons * frames.length * stride);
  const present = new Uint8Array(persons * frames.length);
  for (let person = 0; person < persons; person++) {
    frames.forEach((from, to) => {
      const row = person * clip.frames + from;
      positions.set(
        clip.positions.subarray(row * stride, (row + 1) * stride),
        (person * frames.length + to) * stride,
      );
      present[person * frames.length + to] = clip.present[row]!;
    });
  }
  return { positions, persons, frames: frames.length, present };
}

/** For each frame the number of frames with a body before it. */
function frameOrder(tracks: readonly BodyTrack[], frames: number): Int32Array {
  const filled = new Uint8Array(frames);
  for (const track of tracks) for (const frame of track.frames) filled[frame] = 1;
  let count = 0;
  return Int32Array.from(filled, (value) => (value === 1 ? count++ : count));
}
