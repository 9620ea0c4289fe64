import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { utdMhad } from './utdMhad.js';

const depthName = 'depth_u8_861x16x64x64.bin.gz';
const skeletonName = 'skeleton_f32_861x64x20x3.bin.gz';
const shape = { depth: [4, 3, 4, 4], skeleton: [4, 5, 20, 3] };
const index = {
  ...shape,
  classes: ['swipe left', 'wave'],
  samples: [1, 2, 3, 4].map((subject, i) => ({
    id: `a${(i % 2) + 1}_s${subject}_t1`,
    label: i % 2,
    subject,
    trial: 1,
  })),
};
const depth = Uint8Array.from({ length: 4 * 3 * 16 }, (_, i) => i);
const skeleton = Float32Array.from({ length: 4 * 5 * 60 }, (_, i) => i / 100);

describe('a small compact folder', () => {
  let folder: string;
  const write = (name: string, data: string | Uint8Array) => writeFile(join(folder, name), data);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'utd-mhad-'));
    await write('index.json', JSON.stringify(index));
    await write(depthName, gzipSync(depth));
    await write(skeletonName, gzipSync(new Uint8Array(skeleton.buffer)));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives depth in [0, 1] and skeletons in metres, with a persons axis', async () => {
    const dataset = await utdMhad(folder, { resolution: 4 });
    expect(dataset.size).toBe(4);
    expect(dataset.modalities).toEqual({
      depth: { shape: [3, 4, 4, 1], range: [0, 1], unit: 'intensity' },
      skeleton: { shape: [1, 5, 20, 3], unit: 'metres' },
    });
    expect(dataset.values(1, 'depth')[0]).toBeCloseTo(48 / 255, 6);
    expect(dataset.values(1, 'skeleton')[2]).toBeCloseTo(3.02, 5);
  });

  it('parts odd subjects from even ones', async () => {
    const train = await utdMhad(folder, { split: 'train', resolution: 4 });
    const test = await utdMhad(folder, { split: 'test', resolution: 4 });
    expect(train.ids).toEqual(['a1_s1_t1', 'a1_s3_t1']);
    expect(test.ids).toEqual(['a2_s2_t1', 'a2_s4_t1']);
    expect(test.labels).toEqual([1, 1]);
    expect((await utdMhad(folder, { split: { subjects: [4, 1] }, resolution: 4 })).ids).toEqual([
      'a1_s1_t1',
      'a2_s4_t1',
    ]);
  });

  it('averages over areas and keeps first and last frame', async () => {
    const dataset = await utdMhad(folder, { resolution: 2, frames: 2 });
    expect(dataset.modalities['depth']!.shape).toEqual([2, 2, 2, 1]);
    // Pixels 0, 1, 4, 5 of the first frame; of the last, 32 more each. Rounded to bytes.
    expect(dataset.values(0, 'depth')[0]).toBeCloseTo(3 / 255, 6);
    expect(dataset.values(0, 'depth')[4]).toBeCloseTo(35 / 255, 6);
    expect(Array.from(dataset.values(0, 'skeleton').subarray(60, 62))).toEqual([
      Math.fround(2.4),
      Math.fround(2.41),
    ]);
  });

  it.each([
    ['missing', skeletonName, undefined, /got no such file/],
    ['cut off', depthName, gzipSync(depth).subarray(0, 40), /expected a complete gzip file/],
    ['not gzip', depthName, depth, /expected a complete gzip file/],
    [
      'too short',
      depthName,
      gzipSync(depth.subarray(1)),
      /got 191 bytes unpacked; expected 192, as in index\.json/,
    ],
    ['not JSON', 'index.json', '{"depth": [', /got a syntax error: .*; expected JSON/],
    [
      'of another shape',
      'index.json',
      JSON.stringify({ ...index, skeleton: [4, 5, 25, 3] }),
      /"skeleton": \[samples/,
    ],
    [
      'short of samples',
      'index.json',
      JSON.stringify({ ...index, samples: index.samples.slice(1) }),
      /"samples": as many/,
    ],
    [
      'without a label',
      'index.json',
      JSON.stringify({ ...index, classes: ['wave'] }),
      /sample 1 to have an id/,
    ],
  ])('refuses a file that is %s, by name', async (_, name, data, reason) => {
    if (data === undefined) await rm(join(folder, name));
    else await write(name, data);
    const error = await utdMhad(folder, { resolution: 4 }).catch((e) => e);
    expect(error).toBeInstanceOf(DatasetError);
    expect(error.file).toBe(`${folder}/${name}`);
    expect(error.reason).toMatch(reason);
  });

  it('refuses skeletons that are not numbers', async () => {
    const bad = skeleton.slice();
    bad[7] = Number.NaN;
    await write(skeletonName, gzipSync(new Uint8Array(bad.buffer)));
    await expect(utdMhad(folder, { resolution: 4 })).rejects.toThrow(/got NaN in sample 'a1_s1_t1'/);
  });

  it.each([
    [{ resolution: 3 }, /resolution: got 3; expected a divisor of the stored 4/],
    [{ resolution: 4, frames: 4 }, /expected at most the stored 3/],
    [{ resolution: 4, frames: 0 }, /frames\.depth: got 0; expected a whole number from 1/],
    [
      { resolution: 4, split: 'validation' as 'train' },
      /split: got "validation"; expected 'train', 'test', 'all'/,
    ],
    [{ resolution: 4, split: { subjects: [9] } }, /split: got .*, which has no sample/],
  ])('refuses %j', async (options, reason) => {
    await expect(utdMhad(folder, options)).rejects.toThrow(reason);
  });
});

const real = fileURLToPath(new URL('../../../../../../shared/data/utd-mhad-compact', import.meta.url));
describe.skipIf(!existsSync(real))(`the real folder (skipped unless ${real} is there)`, () => {
  it('holds 431 training and 430 test samples of 27 classes', async () => {
    const train = await utdMhad(real, { split: 'train', resolution: 32, frames: { skeleton: 32 } });
    const test = await utdMhad(real, { split: 'test', resolution: 32, frames: { skeleton: 32 } });
    expect([train.size, test.size, train.classes.length]).toEqual([431, 430, 27]);
    expect(new Set([...train.ids, ...test.ids]).size).toBe(861);
    expect(train.modalities['depth']!.shape).toEqual([16, 32, 32, 1]);
    expect(train.modalities['skeleton']!.shape).toEqual([1, 32, 20, 3]);
    const joints = test.values(0, 'skeleton');
    const depths = joints.filter((_, i) => i % 3 === 2);
    expect(Math.min(...depths)).toBeGreaterThan(1);
    expect(Math.max(...depths)).toBeLessThan(5);
  });
});
