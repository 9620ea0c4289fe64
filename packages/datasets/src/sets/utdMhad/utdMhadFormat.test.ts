import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { partOfSplit } from '../../source/splitRule.js';
import { writeVideo } from '../../video/writeVideo.js';
import { matFile, performanceFiles } from './officialFiles.fixture.js';
import { type UtdMhadFormatOptions, utdMhadFormat } from './utdMhadFormat.js';

const home = mkdtempSync(join(tmpdir(), 'utd-mhad-test-'));
afterAll(() => rmSync(home, { recursive: true }));
let folders = 0;
/** A new folder with these files. */
function folderOf(files: { [name: string]: Uint8Array }): string {
  const folder = join(home, String(folders++));
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}
/** The same files in archives, one for each of their folders. */
function zipped(files: { [name: string]: Uint8Array }): { [name: string]: Uint8Array } {
  const names = [...new Set(Object.keys(files).map((name) => dirname(name)))];
  return Object.fromEntries(
    names.map((folder) => [
      `${folder}.zip`,
      zipSync(Object.fromEntries(Object.entries(files).filter(([name]) => dirname(name) === folder))),
    ]),
  );
}
async function readAll(options: UtdMhadFormatOptions) {
  const { samples } = await utdMhadFormat.list(options);
  return await Promise.all(samples.map((sample) => utdMhadFormat.read(structuredClone(sample), options)));
}
const failure = async (options: UtdMhadFormatOptions) => {
  const error = await readAll(options).then(
    () => undefined,
    (cause) => cause,
  );
  expect(error).toBeInstanceOf(DatasetError);
  return error as DatasetError;
};

const files = {
  ...performanceFiles('a2_s1_t1'),
  ...performanceFiles('a10_s2_t3'),
  ...performanceFiles('a2_s2_t1'),
};

describe('utdMhadFormat', () => {
  it('lists the performances in the order of actions, subjects and trials', async () => {
    const root = folderOf({
      ...files,
      'Depth/a3_s1_t1_depth.mat': new Uint8Array(3),
      'readme.txt': new Uint8Array(1),
    });
    const listing = await utdMhadFormat.list({
      root,
      skeleton: { frames: 8 },
      depth: { frames: 3, size: 4 },
    });
    expect(listing.samples.map(({ id, label, tags }) => [id, label, tags])).toEqual([
      ['a2_s1_t1', 1, { action: 2, subject: 1, trial: 1 }],
      ['a2_s2_t1', 1, { action: 2, subject: 2, trial: 1 }],
      ['a10_s2_t3', 9, { action: 10, subject: 2, trial: 3 }],
    ]);
    expect(listing.classes).toHaveLength(27);
    expect(listing.skipped).toEqual([{ id: 'a3_s1_t1', reason: 'it has no skeleton and no inertial' }]);
    expect(Object.entries(listing.modalities).map(([name, { shape }]) => [name, shape])).toEqual([
      ['depth', [3, 4, 4, 1]],
      ['skeleton', [1, 8, 20, 3]],
      ['inertial', [128, 6]],
    ]);
    expect(partOfSplit(listing.samples, listing.splits['xsub']!, 'train')).toEqual([0]);
    expect(partOfSplit(listing.samples, listing.splits['xsub']!, 'test')).toEqual([1, 2]);
  });

  it('cuts and shades depth, and resamples skeletons and inertial series', async () => {
    const root = folderOf(performanceFiles('a1_s1_t1'));
    const options = {
      root,
      skeleton: { frames: 5 },
      inertial: { frames: 10 },
      depth: { frames: 5, size: 10, margin: 0 },
    };
    const [{ arrays, facts } = { arrays: {}, facts: {} }] = await readAll(options);
    // 4 x 8 pixels and one more on each side: a square of 10, the given size, from row 1 and column 2.
    expect(facts).toEqual({
      frames: 5,
      depthFrames: 5,
      depthMedian: 2020,
      depthTop: 1,
      depthLeft: 2,
      depthSide: 10,
      inertialFrames: 10,
    });
    const depth = Array.from({ length: 500 }, (_, i) => {
      const [x, y, t] = [i % 10, Math.floor(i / 10) % 10, Math.floor(i / 100)];
      return x >= 3 && x <= 6 && y >= 1 && y <= 8 ? Math.round(255 * (0.5 + (20 - 10 * t) / 2000)) : 0;
    });
    expect(Array.from(arrays.depth!)).toEqual(depth);
    expect(Array.from(arrays.skeleton!.subarray(63, 66))).toEqual([0.11, 0, 2.8].map(Math.fround));
    expect(Array.from(arrays.inertial!.subarray(0, 12))).toEqual([
      0, 10, 20, 30, 40, 50, 1, 11, 21, 31, 41, 51,
    ]);
  });

  it('reads archives like folders, and prefers files to archives', async () => {
    const depth = { size: 8 };
    const plain = await readAll({ root: folderOf(files), depth });
    const archives = zipped(files);
    expect(Object.keys(archives)).toEqual(['Depth.zip', 'Skeleton.zip', 'Inertial.zip']);
    expect(await readAll({ root: folderOf(archives), depth })).toEqual(plain);
    const { samples } = await utdMhadFormat.list({ root: folderOf({ ...archives, ...files }) });
    expect(samples[0]!.files['depth']).toMatch(/a2_s1_t1_depth\.mat$/);
  });

  it('reads the chosen modalities, which more performances have', async () => {
    const root = folderOf({ ...files, ...zipped({ 'Inertial/a9_s1_t1_inertial.mat': new Uint8Array(9) }) });
    const { samples, modalities } = await utdMhadFormat.list({ root, modalities: ['inertial'] });
    expect(samples.map(({ id }) => id)).toContain('a9_s1_t1');
    expect(Object.keys(modalities)).toEqual(['inertial']);
  });

  const [depthName, skeletonName, inertialName] = Object.keys(performanceFiles('a1_s1_t1')) as [
    string,
    string,
    string,
  ];
  const joints = new Float64Array(60).fill(Number.NaN);
  it.each<[string, string, Uint8Array, RegExp]>([
    ['cut off', depthName, performanceFiles('a1_s1_t1')[depthName]!.subarray(0, 300), /cut off/],
    [
      'of another shape',
      skeletonName,
      matFile('d_skel', [25, 3, 1], new Float64Array(75)),
      /d_skel: got 25 x 3 .*; expected 20 x 3 x n/,
    ],
    [
      'of another name',
      inertialName,
      matFile('iner', [1, 6], new Float64Array(6)),
      /got the variables iner; expected 'd_iner' among them/,
    ],
    [
      'without a body',
      depthName,
      matFile('d_depth', [12, 16, 1], new Uint16Array(192)),
      /got only zeros; expected depths of a body/,
    ],
    ['not of numbers', skeletonName, matFile('d_skel', [20, 3, 1], joints), /value 0: got NaN/],
    [
      'of too many rows',
      depthName,
      matFile('d_depth', [5000, 1], new Uint16Array(5000)),
      /expected at most 4096/,
    ],
    ['empty', inertialName, matFile('d_iner', [0, 6], new Float64Array(0)), /d_iner: got 0 x 6/],
  ])('names a file that is %s, in a folder and in an archive', async (_, name, bytes, reason) => {
    const broken = { ...performanceFiles('a1_s1_t1'), [name]: bytes };
    for (const [contents, file] of [
      [broken, name],
      [zipped(broken), `${dirname(name)}.zip/${name}`],
    ] as const) {
      const root = folderOf(contents);
      const error = await failure({ root });
      expect(error.file).toBe(join(root, file));
      expect(error.message).toMatch(reason);
    }
  });

  it('refuses invalid options and folders', async () => {
    const root = folderOf(files);
    expect((await failure({ root, modalities: ['audio' as 'rgb'] })).message).toMatch(
      /modalities: got \['audio'\]; expected some of depth/,
    );
    expect((await failure({ root, skeleton: { frames: 0 } })).message).toMatch(
      /skeleton\.frames: got 0; expected a whole number from 1/,
    );
    expect((await failure({ root, depth: { margin: -1 } })).message).toMatch(/depth\.margin: got -1/);
    expect((await failure({ root, modalities: ['rgb'] })).message).toMatch(/got no performance with rgb/);
    expect((await failure({ root: folderOf({ 'x.txt': new Uint8Array(1) }) })).message).toMatch(/Depth\.zip/);
    const twice = folderOf({ ...files, 'copy/a2_s1_t1_depth.mat': new Uint8Array(1) });
    expect((await failure({ root: twice })).message).toMatch(/got the file twice/);
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(utdMhadFormat.list({ root }, aborted)).rejects.toThrow('enough');
  });

  it.skipIf(process.platform === 'win32')('refuses pipes and other files as archives', async () => {
    const root = folderOf(files);
    const depth = join(root, 'Depth.zip');
    spawnSync('mkfifo', [depth]);
    expect(await failure({ root })).toMatchObject({
      file: depth,
      reason: expect.stringMatching(/other than a regular file/),
    });
    rmSync(depth);
    writeFileSync(depth, 'Depth');
    expect((await failure({ root })).file).toBe(depth);
  });

  it('refuses damaged archives by their name', async () => {
    const [name, bytes] = Object.entries(zipped(performanceFiles('a1_s1_t1')))[1]!;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.integer({ min: 1, max: bytes.length }),
        fc.boolean(),
        async (changes, end, isCut) => {
          const changed = bytes.slice(0, isCut ? end : undefined);
          for (const { at, value } of changes) changed[at] = value;
          const file = join(home, 'fuzz', name);
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, changed);
          await readAll({ root: dirname(file) }).catch((error) => {
            expect(error).toBeInstanceOf(DatasetError);
            expect(error.file.startsWith(dirname(file))).toBe(true);
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
describe.skipIf(!hasFfmpeg)('with videos (skipped unless ffmpeg is there)', () => {
  it('reads them from archives, around the joints, and leaves no temporary file', async () => {
    const pixels = new Uint8Array(5 * 48 * 64 * 3);
    // Columns brighter from left to right.
    for (let i = 0; i < pixels.length; i++) pixels[i] = 4 * (Math.floor(i / 3) % 64);
    const avi = join(home, 'a1_s1_t1_color.avi');
    await writeVideo(avi, { pixels, frames: 5, width: 64, height: 48, quality: 'lossless' });
    const rgb = { 'RGB/a1_s1_t1_color.avi': new Uint8Array(readFileSync(avi)) };
    const { 'RGB.zip': archive } = zipped(rgb);
    const root = folderOf({ ...performanceFiles('a1_s1_t1'), 'RGB-part1.zip': archive! });
    const before = temporary();
    const [person] = await readAll({ root, video: { frames: 4, size: 16 } });
    const [center] = await readAll({
      root,
      modalities: ['rgb'],
      video: { frames: 4, size: 16, crop: 'center' },
    });
    expect(person!.arrays.rgb).toHaveLength(4 * 16 * 16 * 3);
    expect(person!.facts!['videoFrames']).toBe(5);
    // The joints are right of the middle.
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    expect(mean(person!.arrays.rgb!)).toBeGreaterThan(mean(center!.arrays.rgb!) + 10);
    const broken = folderOf(
      zipped({ 'RGB/a1_s1_t1_color.avi': rgb['RGB/a1_s1_t1_color.avi'].subarray(0, 500) }),
    );
    expect((await failure({ root: broken })).file).toBe(join(broken, 'RGB.zip/RGB/a1_s1_t1_color.avi'));
    expect(temporary()).toEqual(before);
  });
});

const temporary = () => readdirSync(tmpdir()).filter((name) => /^utd-mhad-[^-]{6}$/.test(name));
