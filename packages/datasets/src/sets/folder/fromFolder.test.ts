import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { findFfmpeg } from '../../video/ffmpeg.js';
import { writeVideo } from '../../video/writeVideo.js';
import { formatSkeletonFile } from '../ntu/formatSkeletonFile.js';
import { folder } from './folderFormat.js';
import { fromFolder } from './fromFolder.js';

const ffmpeg = await findFfmpeg().catch(() => undefined);
if (!ffmpeg) console.warn('fromFolder: the test of videos is skipped, there is no ffmpeg');

/** What `numpy.save` writes. */
function npy(descr: string, shape: number[], values: Float32Array | Uint8Array | Float64Array): Uint8Array {
  const sizes = shape.map((size) => `${size},`).join(' ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`.padEnd(117);
  const header = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}\n`, 'latin1');
  return Buffer.concat([header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}

/** One body whose joints all are at [frame, 0, 3], at the sensor's pixel 960, 540. */
const skeleton = (frames: number) =>
  formatSkeletonFile({
    frames,
    bodies: [
      {
        id: '72057594037930017',
        frames: Int32Array.from({ length: frames }, (_, i) => i),
        places: new Int32Array(frames),
        fields: new Float32Array(frames * 9),
        joints: Float32Array.from({ length: frames * 300 }, (_, i) => {
          const at: { [field: number]: number } = { 0: Math.floor(i / 300), 2: 3, 5: 960, 6: 540 };
          return at[i % 12] ?? 0;
        }),
      },
    ],
  });

describe('fromFolder', () => {
  let root: string;
  const put = async (path: string, content: string | Uint8Array) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  const fails = async (pattern: RegExp, options = {}, file?: string) => {
    const error = await fromFolder(root, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DatasetError);
    expect((error as DatasetError).message).toMatch(pattern);
    if (file) expect((error as DatasetError).file).toBe(join(root, file));
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'amr-folder-'));
    for (const [i, id] of ['wave/01', 'clap/01', 'wave/02'].entries()) {
      await put(`depth/${id}.npy`, npy('|u1', [2, 4, 4, 1], new Uint8Array(32).fill(51 * i)));
      await put(`joints/${id}.npy`, npy('<f8', [1, 2, 5, 3], new Float64Array(30).fill(i)));
      await put(`imu/${id}.npy`, npy('<f4', [7, 6], new Float32Array(42).fill(-i)));
    }
    await put('depth/readme.txt', 'notes');
    await put('splits.json', '{"mine": {"train": ["wave/01", "clap/01"], "test": ["wave/02"]}}');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('reads arrays of several modalities', async () => {
    await put('imu/wave/03.npy', npy('<f4', [7, 6], new Float32Array(42)));
    const dataset = await fromFolder(root);
    expect(dataset.ids).toEqual(['clap/01', 'wave/01', 'wave/02']);
    expect(dataset.classes).toEqual(['clap', 'wave']);
    expect(dataset.labels).toEqual([0, 1, 1]);
    expect(dataset.modalities).toEqual({
      depth: { shape: [2, 4, 4, 1], range: [0, 1], unit: 'intensity', kind: 'video' },
      imu: { shape: [7, 6], unit: 'units', kind: 'series' },
      joints: { shape: [1, 2, 5, 3], unit: 'metres', kind: 'skeleton' },
    });
    expect(dataset.values(0, 'depth')[5]).toBeCloseTo(0.2);
    expect(dataset.values(2, 'joints')[3]).toBe(2);
    expect(dataset.values(2, 'imu')[3]).toBe(-2);
    const listing = await folder.list({ root });
    expect(listing.skipped).toEqual([{ id: 'wave/03', reason: 'it has no file of depth, joints' }]);
    expect(Object.values(listing.modalities).map(({ kind }) => kind)).toEqual([
      'video',
      'series',
      'skeleton',
    ]);
  });

  it('reads the chosen split and modalities', async () => {
    const mine = await fromFolder(root, {
      split: 'mine',
      part: 'train',
      modalities: { imu: { unit: 'g', scale: 0.5 } },
    });
    expect(mine.ids).toEqual(['clap/01', 'wave/01']);
    expect(mine.modalities).toEqual({ imu: { shape: [7, 6], unit: 'g', kind: 'series' } });
    expect(mine.values(0, 'imu')[0]).toBe(-0.5);
    await fails(/modalities: got 'rgb'; expected names of folders: depth, imu, joints/, {
      modalities: { rgb: {} },
    });
    await fails(/split: got 'yours'; expected a split of splits\.json: mine/, {
      split: 'yours',
      part: 'test',
    });
    await fails(/part: got undefined; expected one of train, test/, { split: 'mine' });
    await fails(/amr-data prepare folder/, { maxBytes: 900 });
    await fails(/expected a video .* or a series/, { modalities: { depth: { kind: 'series' } } });
    await expect(fromFolder(root, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });

  it('says which file is wrong', async () => {
    const depth = 'depth/wave/02.npy';
    await put(depth, npy('|u1', [2, 4, 4, 2], new Uint8Array(64)));
    await fails(
      /got an array of uint8 \[2, 4, 4, 2\]; expected uint8 \[2, 4, 4, 1\], like the first of 'depth'/,
      {},
      depth,
    );
    await put(depth, npy('|u1', [2, 4, 4, 1], new Uint8Array(31)));
    await fails(/got 31 bytes of data; expected 32,/, {}, depth);
    await put(depth, npy('<f4', [2, 4, 4, 1], new Float32Array(32)));
    await fails(/got an array of float32 \[2, 4, 4, 1\]/, {}, depth);
    await put(depth, npy('|u1', [2, 4, 4, 1], new Uint8Array(32)));
    await put('imu/wave/02.npy', npy('<f4', [7, 6], new Float32Array(42).fill(Number.NaN)));
    await fails(/value 0: got NaN/, {}, 'imu/wave/02.npy');
    await put('imu/wave/02.npz', 'twice');
    await fails(/got sample wave\/02 twice/, { modalities: { imu: {} } }, 'imu/wave/02.npz');
    await rm(join(root, 'imu/wave/02.npy'));
    await fails(/./, { modalities: { imu: {} } }, 'imu/wave/02.npz');
    await put('imu/wave/02.avi', 'a video');
    await rm(join(root, 'imu/wave/02.npz'));
    await fails(
      /got a video; expected an array, like the first/,
      { modalities: { imu: {} } },
      'imu/wave/02.avi',
    );
  });

  it('says what is wrong with splits, and with folders', async () => {
    await put('splits.json', '{"mine": {"train": ["wave/9"], "test": []}}');
    await fails(/mine: got the unknown sample 'wave\/9'/, {}, 'splits.json');
    await put('splits.json', '{"mine": {"train": ["wave/01"], "test": ["wave/01"]}}');
    await fails(/mine: got 'wave\/01' in train and in test/, {}, 'splits.json');
    await put('splits.json', '{"mine": ["wave/01"]}');
    await fails(/mine: .*expected \{ "<split>"/, {}, 'splits.json');
    await put('splits.json', '{');
    await fails(/got a syntax error: .*; expected JSON/, {}, 'splits.json');
    await put('rgb/wave/77.mp4', '');
    await fails(/got 3 files of depth.*1 files of rgb, and no sample with a file of each/);
    await expect(fromFolder(join(root, 'none'))).rejects.toThrow(/got no such folder/);
    await expect(fromFolder(join(root, 'rgb', 'wave'))).rejects.toThrow(/got no modality/);
    await expect(fromFolder('')).rejects.toThrow(/root: got ''/);
  });

  it('throws nothing but a DatasetError for damaged arrays', async () => {
    const whole = npy('<f4', [7, 6], new Float32Array(42));
    const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(whole.length), async (changes, length) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        await put('imu/wave/02.npy', bytes.subarray(0, length));
        const read = await fromFolder(root, { modalities: { imu: {} } }).catch((error: unknown) => error);
        if (read instanceof Error)
          expect(read).toMatchObject({ name: 'DatasetError', file: join(root, 'imu/wave/02.npy') });
        else expect(read).toMatchObject({ size: 3 });
      }),
      { numRuns: 60 },
    );
  });

  it.skipIf(!ffmpeg)('reads .skeleton files with their videos', async () => {
    await rm(root, { recursive: true });
    const pixels = new Uint8Array(3 * 20 * 36 * 3);
    // Dark except in the middle, around the joints.
    for (let i = 0; i < pixels.length / 3; i++) {
      const [x, y] = [i % 36, Math.floor(i / 36) % 20];
      if (x >= 10 && x < 26 && y >= 2 && y < 18) pixels.fill(200, i * 3, i * 3 + 3);
    }
    for (const id of ['bow/a', 'bow/b', 'hop/a']) {
      await put(`body/${id}.skeleton`, skeleton(4));
      const video = { pixels, frames: 3, width: 36, height: 20, quality: 'lossless' } as const;
      await writeVideo(join(root, 'rgb', `${id}.avi`), video);
    }
    const dataset = await fromFolder(root, {
      skeleton: { frames: 7, persons: 1, denoise: false, center: false },
      video: { frames: 2, size: 8 },
    });
    expect(dataset.modalities.body!.shape).toEqual([1, 7, 25, 3]);
    expect(dataset.modalities.rgb!.shape).toEqual([2, 8, 8, 3]);
    const joints = dataset.values(2, 'body');
    expect(Array.from({ length: 7 }, (_, frame) => joints[frame * 75])).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3]);
    // The box of 16 pixels around the joints contains only bright pixels.
    expect(new Set(dataset.values(2, 'rgb').map((value) => Math.round(value * 255)))).toEqual(new Set([200]));
    await put('body/hop/a.skeleton', '4\n1\n');
    await fails(/line 3.*body 1 of 1/, {}, 'body/hop/a.skeleton');
  });
});
