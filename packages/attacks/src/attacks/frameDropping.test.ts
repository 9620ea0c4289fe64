import { values } from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { AttackOptionsError, frameDropping, ThreatModelError } from '../index.js';

/** Entries that name their frame from 1, along an axis. */
const numbered = (shape: number[], axis: number) =>
  tf.tidy(() => {
    const frames = tf.range(1, shape[axis]! + 1);
    const along = shape.map((size, i) => (i === axis ? size : 1));
    return tf.mul(tf.ones(shape), tf.reshape(frames, along));
  });
/** What each row shows at each time; expects all entries of a frame to show the same. */
const framesIn = (x: tf.Tensor, axis: number): number[][] =>
  tf.unstack(x).map((row) =>
    tf.unstack(row, axis - 1).map((frame) => {
      const [first, ...others] = values(frame);
      expect(others.every((v) => v === first)).toBe(true);
      return first!;
    }),
  );
const never = () => {
  throw new Error('called');
};

describe('frameDropping', () => {
  const rows = 40;
  const inputs = {
    rgb: numbered([rows, 8, 2, 2, 3], 1),
    skeleton: numbered([rows, 2, 20, 3, 2], 2),
    other: numbered([rows, 4], 1),
  };
  const labels = tf.zeros<tf.Rank.R1>([rows], 'int32');
  const axes = { rgb: { axis: 1 }, skeleton: { axis: 2 } };

  it('empties a quarter of the frames of each sample, the same moments of all inputs', async () => {
    const before = tf.memory().numTensors;
    const random = vi.spyOn(Math, 'random');
    const result = await frameDropping(axes).perturb(never, inputs, labels, { seed: 1 });
    expect(random).not.toHaveBeenCalled();
    random.mockRestore();
    expect(tf.memory().numTensors - before).toBe(3);
    expect(values(result.other!)).toEqual(values(inputs.other));
    const hits = Array<number>(8).fill(0);
    const skeletons = framesIn(result.skeleton!, 2);
    for (const [row, frames] of framesIn(result.rgb!, 1).entries()) {
      expect(frames.filter((v) => v === 0)).toHaveLength(2);
      for (const [t, v] of frames.entries()) {
        expect([0, t + 1]).toContain(v);
        if (v === 0) hits[t]!++;
      }
      expect(skeletons[row]).toEqual(
        Array.from({ length: 20 }, (_, t) => (frames[Math.floor((t * 8) / 20)] === 0 ? 0 : t + 1)),
      );
    }
    // Each frame is lost by a quarter of the rows; four standard deviations.
    for (const count of hits) expect(Math.abs(count - rows / 4)).toBeLessThan(4 * Math.sqrt((rows * 3) / 16));
  });

  it('holds the last frame that was kept, at the beginning the first one', async () => {
    const options = { share: 0.5, mode: 'hold' } as const;
    const result = await frameDropping(axes, options).perturb(never, inputs, labels, { seed: 2 });
    const emptied = await frameDropping(axes, { share: 0.5 }).perturb(never, inputs, labels, { seed: 2 });
    let late = 0;
    for (const [name, axis] of [
      ['rgb', 1],
      ['skeleton', 2],
    ] as const) {
      const held = framesIn(result[name]!, axis);
      for (const [row, frames] of framesIn(emptied[name]!, axis).entries()) {
        if (frames[0] === 0) late++;
        const first = frames.find((v) => v > 0)!;
        const expected = frames.map((_, t) => Math.max(...frames.slice(0, t + 1)) || first);
        expect(held[row]).toEqual(expected);
      }
    }
    expect(late).toBeGreaterThan(0);
  });

  it('draws for each input on its own when they are not dropped together', async () => {
    const same = { a: numbered([rows, 6, 2], 1), b: numbered([rows, 6, 2], 1) };
    const frames = { a: { axis: 1 }, b: { axis: 1 } };
    const run = async (together: boolean) => {
      const attack = frameDropping(frames, { share: 0.5, together });
      const { a, b } = await attack.perturb(never, same, labels, { seed: 3 });
      return [framesIn(a!, 1), framesIn(b!, 1)];
    };
    const [a, b] = await run(true);
    expect(a).toEqual(b);
    const [c, d] = await run(false);
    expect(c).not.toEqual(d);
    for (const frames of [...c!, ...d!]) expect(frames.filter((v) => v === 0)).toHaveLength(3);
  });

  it('never drops all frames', async () => {
    const short = { x: numbered([rows, 2, 3], 1), y: numbered([rows, 1, 3], 1) };
    const attack = frameDropping({ x: { axis: 1 }, y: { axis: 1 } }, { share: 0.9, together: false });
    const { x, y } = await attack.perturb(never, short, labels, { seed: 1 });
    for (const frames of framesIn(x!, 1)) expect(frames.filter((v) => v > 0)).toHaveLength(1);
    expect(values(y!)).toEqual(values(short.y));
  });

  it('drops by seed and by the number of the row alone', async () => {
    const attack = frameDropping(axes);
    const of = async (seed: number, row?: number) => {
      const given =
        row === undefined
          ? inputs
          : { rgb: tf.slice(inputs.rgb, row, 1), skeleton: tf.slice(inputs.skeleton, row, 1) };
      const options = row === undefined ? { seed } : { seed, rows: [row] };
      const result = await attack.perturb(
        never,
        given,
        row === undefined ? labels : tf.slice(labels, row, 1),
        options,
      );
      return framesIn(result.rgb!, 1);
    };
    const batch = await of(5);
    expect(await of(5)).toEqual(batch);
    expect(await of(6)).not.toEqual(batch);
    expect(await of(5, 17)).toEqual([batch[17]]);
  });

  it('refuses options and axes that are not valid, and leaves nothing behind', async () => {
    for (const share of [0, 1, Number.NaN])
      expect(() => frameDropping(axes, { share })).toThrow(AttackOptionsError);
    expect(() => frameDropping(axes, { mode: 'blur' as never })).toThrow(
      /frameDropping\.mode: got 'blur'; expected one of zero, hold/,
    );
    expect(() => frameDropping({})).toThrow(ThreatModelError);
    for (const axis of [0, 5, 1.5]) {
      await expectCleanFailure(
        () => frameDropping({ rgb: { axis } }).perturb(never, inputs, labels),
        /frameDropping\.rgb\.axis: got .*from 1 to 4/,
      );
    }
  });
});
