import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import type { ArrayDataset } from '../source/fromArrays.js';
import { actionClips } from './actionClips.js';
import type { ActionClipsOptions } from './actionClipsOptions.js';
import { actionNames } from './actions.js';

const small: ActionClipsOptions = {
  samplesPerClass: 6,
  classes: 3,
  subjects: 4,
  frames: { skeleton: 8, rgb: 4 },
  resolution: 8,
};
const subjects = ({ ids }: ArrayDataset) => new Set(ids.map((id) => /P(\d+)/.exec(id)![1]));
const views = ({ ids }: ArrayDataset) => new Set(ids.map((id) => /C(\d+)/.exec(id)![1]));

describe('actionClips', () => {
  it('gives 12 classes of NTU skeletons and RGB by default', async () => {
    const clips = await actionClips({ samplesPerClass: 1 });
    expect(clips.size).toBe(12);
    expect(clips.classes).toEqual(actionNames.slice(0, 12));
    expect(clips.labels).toEqual(clips.classes.map((_, label) => label));
    expect(clips.modalities).toEqual({
      rgb: { shape: [16, 32, 32, 3], range: [0, 1], unit: 'intensity' },
      skeleton: { shape: [1, 32, 25, 3], unit: 'metres' },
    });
    const joints = clips.values(0, 'skeleton');
    expect(joints.filter((_, i) => i % 3 === 2).every((z) => z > 1.5 && z < 4.5)).toBe(true);
    const pixels = clips.values(0, 'rgb');
    expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(0.2);
  });

  it('gives the same bytes for the same options, others for another seed', async () => {
    const [a, b, c] = await Promise.all([
      actionClips(small),
      actionClips(small),
      actionClips({ ...small, seed: 1 }),
    ]);
    expect(b.ids).toEqual(a.ids);
    for (let i = 0; i < a.size; i++) {
      for (const modality of ['rgb', 'skeleton']) {
        expect(b.values(i, modality)).toEqual(a.values(i, modality));
        expect(c.values(i, modality)).not.toEqual(a.values(i, modality));
      }
    }
  });

  it.each(['subject', 'view'] as const)('splits all clips by %s, without overlap', async (by) => {
    const [all, train, test] = await Promise.all([
      actionClips(small),
      actionClips({ ...small, split: { by, part: 'train' } }),
      actionClips({ ...small, split: { by, part: 'test' } }),
    ]);
    expect([...train.ids, ...test.ids].sort()).toEqual([...all.ids].sort());
    const key = by === 'subject' ? subjects : views;
    const [a, b] = [key(train), key(test)];
    expect([...a].filter((value) => b.has(value))).toEqual([]);
    expect([...b]).toEqual(by === 'subject' ? ['002', '004'] : ['1']);
    // A clip is the same in a part as in the whole, and under a split with other classes.
    const id = test.ids[1]!;
    expect(test.values(1, 'rgb')).toEqual(all.values(all.ids.indexOf(id), 'rgb'));
    const others = await actionClips({ ...small, classes: [actionNames[1]!, actionNames[7]!] });
    expect(others.values(others.ids.indexOf(id), 'skeleton')).toEqual(test.values(1, 'skeleton'));
  });

  it('lets subjects and cameras take turns', async () => {
    const clips = await actionClips({ ...small, samplesPerClass: 12, classes: 2 });
    const pairs = clips.ids.map((id) => id.slice(0, 6));
    expect(new Set(pairs).size).toBe(12);
  });

  it('has two bodies in actions of two persons, else a second one of zeros', async () => {
    const clips = await actionClips({ ...small, samplesPerClass: 1, persons: 2, classes: ['wave', 'push'] });
    expect(clips.modalities['skeleton']!.shape).toEqual([2, 8, 25, 3]);
    const half = 8 * 25 * 3;
    expect(
      clips
        .values(0, 'skeleton')
        .subarray(half)
        .every((value) => value === 0),
    ).toBe(true);
    expect(
      clips
        .values(1, 'skeleton')
        .subarray(half)
        .every((value) => value !== 0),
    ).toBe(true);
  });

  it('reports progress, and stops when its signal aborts', async () => {
    const seen: number[] = [];
    await actionClips({
      ...small,
      samplesPerClass: 1,
      onProgress: ({ done, total }) => void seen.push(done / total),
    });
    expect(seen).toEqual([1 / 3, 2 / 3, 1]);
    const controller = new AbortController();
    const stopped = actionClips({
      ...small,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  it.each<[ActionClipsOptions, RegExp]>([
    [{ samplesPerClass: 0 }, /samplesPerClass: got 0; expected a whole number from 1/],
    [{ classes: 1 }, /classes: got 1; expected a whole number from 2/],
    [{ classes: 23 }, /classes: got 23; expected at most 22/],
    [{ classes: ['wave', 'yawn'] }, /classes: got 'yawn'; expected names among drink, /],
    [{ classes: ['wave', 'push'] }, /classes: got 'push'; .*set persons to 2/],
    [{ classes: ['wave', 'wave'] }, /classes: got \['wave', 'wave'\]; expected at least two different names/],
    [{ frames: { rgb: 40 } }, /frames\.rgb: got 40; expected at most frames\.skeleton, which is 32/],
    [{ noise: -1 }, /noise: got -1; expected a number from 0 to 4/],
    [{ clutter: Number.NaN }, /clutter: got NaN/],
    [{ seed: Number.NaN }, /seed: got NaN/],
    [{ persons: 3 as 2 }, /persons: got 3; expected one of 1, 2/],
    [
      { views: 1, split: { by: 'view', part: 'test' } },
      /views: got 1; expected at least 2, since the split is by view/,
    ],
    [
      { samplesPerClass: 1, split: { by: 'subject', part: 'test' } },
      /samplesPerClass: got 1, which leaves no clip in the test part/,
    ],
    [{ split: { by: 'day' as 'view', part: 'test' } }, /split\.by: got 'day'; expected one of subject, view/],
    [{ sample: 3 } as ActionClipsOptions, /actionClips\.sample: got an unknown option/],
    [{ seeds: 3 } as ActionClipsOptions, /actionClips\.seeds: got an unknown option; expected seed\./],
    [{ frames: { RGB: 3 } as object }, /frames\.RGB: got an unknown option; expected rgb/],
    [{ split: { by: 'view', part: 'test', views: 1 } as never }, /split\.views: got an unknown option/],
  ])('refuses %j', async (options, reason) => {
    const error = await actionClips(options).catch((e) => e);
    expect(error).toBeInstanceOf(DatasetError);
    expect(error.message).toMatch(reason);
  });
});

/**
 * A guard, not a benchmark: the nearest neighbour among other subjects' clips, by joints relative to the body's own place
 * (or by coarse changes between frames), must do far better than chance and yet not solve the task.
 */
describe('the classes', () => {
  const make = (part: 'train' | 'test') =>
    actionClips({
      samplesPerClass: 24,
      subjects: 12,
      frames: { skeleton: 16, rgb: 8 },
      resolution: 16,
      split: { by: 'subject', part },
    });

  it('are recognised from skeletons and from pictures far better than by chance, not perfectly', async () => {
    const [train, test] = await Promise.all([make('train'), make('test')]);
    const skeleton = neighbours(train, test, (clips, i) => {
      const values = clips.values(i, 'skeleton');
      return values.map((value, k) => value - values[k % 3]!);
    });
    const rgb = neighbours(train, test, (clips, i) => changes(clips.values(i, 'rgb'), 8, 16));
    expect(skeleton).toBeGreaterThan(0.35);
    expect(skeleton).toBeLessThan(0.95);
    expect(rgb).toBeGreaterThan(1.8 / 12);
    expect(rgb).toBeLessThan(0.95);
  });
});

function neighbours(
  train: ArrayDataset,
  test: ArrayDataset,
  features: (clips: ArrayDataset, i: number) => Float32Array,
): number {
  const known = train.ids.map((_, i) => features(train, i));
  let right = 0;
  for (let i = 0; i < test.size; i++) {
    const own = features(test, i);
    const distances = known.map((other) => other.reduce((sum, value, k) => sum + (value - own[k]!) ** 2, 0));
    if (train.labels[distances.indexOf(Math.min(...distances))] === test.labels[i]) right++;
  }
  return right / test.size;
}

/** How much each 2 x 2 patch changes from frame to frame, whatever the colours. */
function changes(rgb: Float32Array, frames: number, side: number): Float32Array {
  const half = side / 2;
  const out = new Float32Array((frames - 1) * half * half);
  const frame = side * side * 3;
  for (let f = 1; f < frames; f++) {
    for (let k = 0; k < frame; k++) {
      const [x, y] = [Math.floor(k / 3) % side, Math.floor(k / 3 / side)];
      out[((f - 1) * half + (y >> 1)) * half + (x >> 1)]! += Math.abs(
        rgb[f * frame + k]! - rgb[(f - 1) * frame + k]!,
      );
    }
  }
  const length = Math.hypot(...out);
  return out.map((value) => Math.sqrt(value / length));
}
