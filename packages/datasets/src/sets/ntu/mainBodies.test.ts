import { describe, expect, it } from 'vitest';
import type { BodyTrack } from './bodyTrack.js';
import { mainBodies, withoutEmptyFrames } from './mainBodies.js';

/** A body in these frames, all of whose coordinates are `value` plus the frame's number. */
const track = (id: string, frames: number[], motion: number, value: number): BodyTrack => ({
  id,
  frames: Int32Array.from(frames),
  positions: Float32Array.from(frames.flatMap((frame) => Array(75).fill(value + frame))),
  motion,
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** The first coordinate of each frame of a person. */
const seen = ({ clip }: ReturnType<typeof mainBodies>, person: number) =>
  range(0, clip.frames).map((frame) => clip.positions[(person * clip.frames + frame) * 75]!);

describe('mainBodies', () => {
  it('puts the body that moves most first, and drops a third one that overlaps with both', () => {
    const bodies = [
      track('a', range(0, 4), 1, 100),
      track('b', range(0, 4), 3, 200),
      track('c', range(0, 4), 2, 300),
    ];
    const chosen = mainBodies(bodies, 4, 2);
    expect(chosen.ids).toEqual(['b', 'c']);
    expect(seen(chosen, 0)).toEqual([200, 201, 202, 203]);
    expect(seen(chosen, 1)).toEqual([300, 301, 302, 303]);
    expect(mainBodies(bodies, 4, 1).ids).toEqual(['b']);
  });

  it('joins the parts of a body that was lost and found again', () => {
    const chosen = mainBodies([track('a', [0, 1], 2, 100), track('b', [3, 4], 1, 200)], 5, 2);
    expect(chosen.ids).toEqual(['a', 'b']);
    expect(seen(chosen, 0)).toEqual([100, 101, 0, 203, 204]);
    expect(seen(chosen, 1)).toEqual([0, 0, 0, 0, 0]);
    expect([...chosen.clip.present]).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it('gives a frame of two parts to the one that is assigned later', () => {
    const chosen = mainBodies([track('a', [0, 1, 2], 2, 100), track('b', [2, 3], 1, 200)], 4, 2);
    expect(seen(chosen, 0)).toEqual([100, 101, 202, 203]);
  });
});

describe('withoutEmptyFrames', () => {
  const { clip } = mainBodies([track('a', [1, 3], 1, 100)], 5, 1);
  const first = (empty: 'drop' | 'keep' | 'repeat') => {
    const left = withoutEmptyFrames(clip, empty);
    return range(0, left.frames).map((frame) => left.positions[frame * 75]);
  };

  it('drops, keeps or repeats empty frames', () => {
    expect(first('drop')).toEqual([101, 103]);
    expect(first('keep')).toEqual([0, 101, 0, 103, 0]);
    expect(first('repeat')).toEqual([101, 101, 101, 103, 103]);
  });
});
