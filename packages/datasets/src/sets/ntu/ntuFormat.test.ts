import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { findFfmpeg } from '../../video/ffmpeg.js';
import { writeVideo } from '../../video/writeVideo.js';
import { formatSkeletonFile } from './formatSkeletonFile.js';
import { ntu60, ntu120 } from './ntuFormat.js';
import type { SkeletonRecording } from './skeletonFile.js';

const hasFfmpeg = await findFfmpeg().then(
  () => true,
  () => false,
);
if (!hasFfmpeg) console.warn('no ffmpeg: NTU videos are not tested');

/** One body in every frame; joint j of frame f is at x = f + j / 100, and seen at column 900 + 4 j of the colour picture. */
function walker(frames: number): SkeletonRecording {
  return {
    frames,
    bodies: [
      {
        id: '72057594037931101',
        frames: Int32Array.from({ length: frames }, (_, i) => i),
        places: new Int32Array(frames),
        fields: new Float32Array(frames * 9),
        joints: Float32Array.from({ length: frames * 300 }, (_, i) => {
          const [frame, joint] = [Math.floor(i / 300), Math.floor(i / 12) % 25];
          return [frame + joint / 100, joint / 25, 3, 0, 0, 900 + 4 * joint, 540, 0, 0, 0, 0, 2][i % 12]!;
        }),
      },
    ],
  };
}

let root: string;
let skeletons: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ntu-'));
  skeletons = join(root, 'skeletons');
  await mkdir(join(skeletons, 'nturgb+d_skeletons'), { recursive: true });
  await symlink('.', join(skeletons, 'back'));
  const files: [string, string][] = [
    ['nturgb+d_skeletons/S001C001P001R001A001.skeleton', formatSkeletonFile(walker(5))],
    ['nturgb+d_skeletons/S002C003P003R002A060.skeleton', formatSkeletonFile(walker(70))],
    ['S001C002P005R002A008.skeleton', formatSkeletonFile(walker(2))],
    ['S018C001P041R001A061.skeleton', formatSkeletonFile(walker(2))],
    ['S001C001P002R001A002.skeleton', '2\n0\n0\n'],
    ['S001C001P002R001A003.skeleton', '2\n1\n'],
    ['S001C001P002R001A003.txt', 'no sample'],
    ['readme.txt', 'no sample'],
  ];
  for (const [name, text] of files) await writeFile(join(skeletons, name), text);
});
afterAll(() => rm(root, { recursive: true }));

const errorOf = (promise: Promise<unknown>): Promise<DatasetError> =>
  promise.then(
    () => {
      throw new Error('no error was thrown');
    },
    (error) => {
      expect(error).toBeInstanceOf(DatasetError);
      return error;
    },
  );

describe('ntu60 without videos', () => {
  it('lists the samples of all sub-folders with their tags, in the order of their names', async () => {
    const listing = await ntu60.list({ skeletons });
    expect(listing.samples.map(({ id }) => id)).toEqual([
      'S001C001P001R001A001',
      'S001C001P002R001A002',
      'S001C001P002R001A003',
      'S002C003P003R002A060',
    ]);
    expect(listing.samples[3]).toEqual({
      id: 'S002C003P003R002A060',
      label: 59,
      tags: { setup: 2, camera: 3, subject: 3, replication: 2, action: 60 },
      files: { skeleton: join(skeletons, 'nturgb+d_skeletons/S002C003P003R002A060.skeleton') },
    });
    expect(listing.skipped.map(({ id }) => id)).toEqual(['S001C002P005R002A008']);
    expect(listing.classes).toHaveLength(60);
    expect(Object.keys(listing.splits)).toEqual(['xsub', 'xview']);
    expect(listing.modalities).toEqual({
      skeleton: { dtype: 'float32', shape: [2, 64, 25, 3], kind: 'skeleton', unit: 'metres' },
    });
  });

  it('reads skeletons in metres around the first spine', async () => {
    const options = { skeletons, skeleton: { frames: 9 } };
    const { samples } = await ntu60.list(options);
    const { arrays, facts } = await ntu60.read(samples[0]!, options);
    expect(facts).toEqual({ frames: 5, bodies: 1 });
    expect(arrays.skeleton).toHaveLength(2 * 9 * 25 * 3);
    const x = (frame: number, joint: number) => arrays.skeleton![(frame * 25 + joint) * 3];
    expect([x(0, 1), x(1, 1), x(8, 1), x(8, 3)]).toEqual([0, 0.5, 4, expect.closeTo(4.02, 5)]);
    expect(arrays.skeleton!.subarray(9 * 75).every((value) => value === 0)).toBe(true);
  });

  it('lists some of the actions, with new labels', async () => {
    const listing = await ntu60.list({ skeletons, classes: [60, 'drink water'] });
    expect(listing.classes[1]).toBe('drink water');
    expect(listing.samples.map(({ id, label }) => [id, label])).toEqual([
      ['S001C001P001R001A001', 1],
      ['S002C003P003R002A060', 0],
    ]);
  });

  it('says which file has no body, and where a file ends early', async () => {
    const { samples } = await ntu60.list({ skeletons });
    const empty = await errorOf(ntu60.read(samples[1]!, { skeletons }));
    expect(empty.message).toMatch(/A002.skeleton: recording: got 2 frames without a body/);
    const cut = await errorOf(ntu60.read(samples[2]!, { skeletons }));
    expect({ file: cut.file, line: cut.line }).toEqual({ file: samples[2]!.files.skeleton, line: 3 });
    const gone = { ...samples[0]!, files: { skeleton: join(root, 'gone.skeleton') } };
    expect((await errorOf(ntu60.read(gone, { skeletons }))).file).toBe(gone.files.skeleton);
  });

  it.each<[object, RegExp]>([
    [{}, /skeletons: got undefined; expected the folder/],
    [{ skeletons: '/no/such/folder' }, /\/no\/such\/folder: got an error: .*; expected a folder/],
    [{ classes: [61] }, /classes: got 61; expected numbers from 1 to 60/],
    [{ classes: ['drink'] }, /classes: got 'drink'; expected/],
    [
      { classes: [1, 'drink water'] },
      /classes: got \[1, 'drink water'\]; expected at least one action, each once/,
    ],
    [{ classes: [5] }, /got 6 skeleton files of these actions/],
    [{ classes: [8] }, /S001C002P005R002A008.*own list/],
    [{ video: { frames: 4 } }, /video: got options of videos without a folder of videos/],
    [{ skeleton: { persons: 3 } }, /skeleton\.persons: got 3; expected 1 or 2/],
    [{ skeleton: { frames: 0 } }, /skeleton\.frames: got 0; expected a whole number from 1 to 100000/],
    [{ skeleton: { fit: 'crop' } }, /skeleton\.fit: got 'crop'; expected one of resample, pad, loop/],
    [
      { skeleton: { normalise: true } },
      /skeleton\.normalise: got an unknown option; expected one of persons/,
    ],
    [{ skeleton: { denoise: { length: -1 } } }, /skeleton\.denoise\.length: got -1/],
    [{ skeleton: { denoise: { spread: { share: 2 } } } }, /skeleton\.denoise\.spread\.share: got 2/],
    [{ skeleton: { denoise: { motion: [2, 1] } } }, /skeleton\.denoise\.motion: got \[2, 1\]/],
  ])('refuses %j', async (options, reason) => {
    const whole = Object.keys(options).length === 0 ? {} : { skeletons, ...options };
    expect((await errorOf(ntu60.list(whole as { skeletons: string }))).message).toMatch(reason);
  });

  it('refuses a sample with two files', async () => {
    const folder = join(root, 'twice');
    await mkdir(join(folder, 'copy'), { recursive: true });
    for (const place of ['', 'copy'])
      await writeFile(join(folder, place, 'S001C001P001R001A001.skeleton'), '0');
    expect((await errorOf(ntu60.list({ skeletons: folder }))).message).toMatch(
      /got sample S001C001P001R001A001 twice, also as/,
    );
  });

  it('stops at its signal', async () => {
    const reason = new Error('enough');
    await expect(ntu60.list({ skeletons }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

it('ntu120 has the other actions and cross-setup', async () => {
  const listing = await ntu120.list({ skeletons });
  expect(listing.samples.at(-1)).toMatchObject({ id: 'S018C001P041R001A061', label: 60 });
  expect(Object.keys(listing.splits)).toEqual(['xsub', 'xset']);
});

describe.skipIf(!hasFfmpeg)('with videos', () => {
  it('reads the video around the body, and skips samples without a video', async () => {
    const videos = join(root, 'videos');
    await mkdir(videos);
    // A tenth of the sensor's picture, white where the body is: columns 90 to 100, row 54.
    const [width, height, frames] = [192, 108, 5];
    const pixels = Uint8Array.from({ length: frames * width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width) % height];
      return Math.abs(x - 95) <= 6 && Math.abs(y - 54) <= 6 ? 255 : 0;
    });
    const file = join(videos, 'S001C001P001R001A001_rgb.avi');
    await writeVideo(file, { pixels, frames, width, height, framesPerSecond: 30 });
    await writeFile(join(videos, 'S001C001P001R001A001.md5'), '');
    const options = { skeletons, videos, video: { frames: 3, size: 8 }, skeleton: { frames: 5 } };
    const { samples, modalities, skipped } = await ntu60.list(options);
    expect(samples.map(({ files }) => files.rgb)).toEqual([file]);
    expect(modalities.rgb!.shape).toEqual([3, 8, 8, 3]);
    expect(skipped.map(({ reason }) => reason)).toContain('it has a skeleton file and no video');
    const { arrays, facts } = await ntu60.read(samples[0]!, options);
    expect(facts).toEqual({ frames: 5, bodies: 1, videoFrames: 5 });
    const middle = arrays.rgb!.subarray(8 * 8 * 3 + (4 * 8 + 4) * 3);
    expect(middle[0]).toBeGreaterThan(200);
    const center = await ntu60.read(samples[0]!, {
      ...options,
      video: { frames: 3, size: 8, crop: 'center' },
    });
    const mean = (bytes: ArrayLike<number>) => Array.from(bytes).reduce((a, b) => a + b, 0) / bytes.length;
    expect(mean(arrays.rgb!)).toBeGreaterThan(5 * mean(center.arrays.rgb!));
  });
});
