import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '@amr/internal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { ffmpegPath, findFfmpeg, runFfmpeg } from './ffmpeg.js';
import { probeVideo } from './probeVideo.js';
import { readVideo } from './readVideo.js';
import { writeVideo } from './writeVideo.js';

const ffmpeg = await findFfmpeg().catch(() => undefined);
if (!ffmpeg) console.warn('readVideo: skipped, there is no ffmpeg');

const [frames, width, height] = [12, 48, 32];
/** Grey pictures whose brightness encodes their number, with a bright column at x = 40 and the row y = 2 red. */
const pixels = new Uint8Array(frames * height * width * 3);
for (let i = 0; i < frames; i++) {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = ((i * height + y) * width + x) * 3;
      const value = x === 40 ? 255 : 10 + 15 * i;
      pixels.set(y === 2 ? [200, 0, 0] : [value, value, value], at);
    }
  }
}
/** Numbers of the frames, by their brightness in the middle. */
const numbers = (bytes: Uint8Array, size: number) =>
  Array.from({ length: bytes.length / (size * size * 3) }, (_, i) =>
    Math.round((bytes[(i * size * size + (size / 2) * size + size / 2) * 3]! - 10) / 15),
  );

describe.skipIf(!ffmpeg)('readVideo', () => {
  let folder: string;
  let lossless: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'amr-video-'));
    // A name that a shell, or ffmpeg's own parser, would misread.
    lossless = join(folder, "-a b:c%03d'.avi");
    await writeVideo(lossless, { pixels, frames, width, height, framesPerSecond: 25, quality: 'lossless' });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives the bytes that were written', async () => {
    const square = { x: 16, y: 0, side: 32 };
    const read = await readVideo(lossless, { frames, size: 32 }, { box: square });
    expect(read).toMatchObject({ frames, width, height, framesPerSecond: 25 });
    const cut = new Uint8Array(frames * 32 * 32 * 3);
    for (let row = 0; row < frames * height; row++) {
      cut.set(pixels.subarray((row * width + 16) * 3, (row + 1) * width * 3), row * 32 * 3);
    }
    expect(Buffer.compare(read.pixels, cut)).toBe(0);
    // Boxes that have to be moved or reduced.
    for (const box of [
      { x: 40, y: -9, side: 32 },
      { x: 22, y: 10, side: 42 },
    ]) {
      const held = await readVideo(lossless, { frames, size: 32 }, { box });
      expect([box.x, Buffer.compare(held.pixels, cut)]).toEqual([box.x, 0]);
    }
  });

  it('cuts and scales', async () => {
    const one = { frames: 1, size: 16 };
    const row = (bytes: Uint8Array, y: number) =>
      Array.from({ length: 16 }, (_, x) => bytes[(y * 16 + x) * 3]);
    const center = await readVideo(lossless, { ...one, crop: 'center' });
    // Columns 8 to 40: the bright one is just outside. Rows 2 and 3 together are one.
    expect(new Set(row(center.pixels, 8))).toEqual(new Set([85]));
    expect(row(center.pixels, 1)[0]).toBeCloseTo((200 + 85) / 2, -1);
    const stretched = await readVideo(lossless, { ...one, crop: 'stretch' });
    expect(row(stretched.pixels, 8)[13]).toBeGreaterThan(120);
    const boxed = await readVideo(lossless, { ...one, crop: 'letterbox' });
    expect(row(boxed.pixels, 1)).toEqual(new Array(16).fill(0));
    expect(row(boxed.pixels, 8)[2]).toBe(85);
    expect(row(boxed.pixels, 14)[2]).toBe(0);
  });

  it('samples frames', async () => {
    const read = async (options: object) =>
      numbers((await readVideo(lossless, { size: 8, ...options })).pixels, 8);
    expect(await read({ frames: 4 })).toEqual([0, 4, 7, 11]);
    expect(await read({ frames: 3, sampling: 'segments' })).toEqual([2, 6, 10]);
    expect(await read({ frames: 3, sampling: 'dense', stride: 2 })).toEqual([3, 5, 7]);
    const drawn = await read({ frames: 3, sampling: 'dense', seed: 2 });
    expect(drawn).toEqual([0, 1, 2].map((i) => drawn[0]! + i));
    expect(await read({ frames: 3, sampling: 'dense', seed: 2 })).toEqual(drawn);
  });

  it('reads a span, also one whose ends were rounded', async () => {
    const span = { from: 0.12, to: 0.32 };
    const read = await readVideo(lossless, { frames: 5, size: 8 }, { span });
    expect(numbers(read.pixels, 8)).toEqual([3, 4, 5, 6, 7]);
    const thirds = join(folder, 'thirds.avi');
    await writeVideo(thirds, { pixels, frames, width, height, framesPerSecond: 30, quality: 1 });
    for (const from of [0.16667, 7 / 30]) {
      const first = Math.round(from * 30);
      const at = await readVideo(thirds, { frames: 2, size: 8 }, { span: { from, to: from + 2 / 30 } });
      expect([from, at.frames, ...numbers(at.pixels, 8)]).toEqual([from, 2, first, first + 1]);
    }
    await expect(readVideo(thirds, {}, { span: { from: 5, to: 6 } })).rejects.toThrow(
      /got no frame between 5 s and 6 s/,
    );
    await expect(readVideo(thirds, {}, { span: { from: 1, to: 1 } })).rejects.toThrow(
      /span: got 1 s to 1 s; expected a time and a later time/,
    );
  });

  it.each([
    ['mjpeg in avi', 'm.avi', ['-c:v', 'mjpeg', '-q:v', '2']],
    ['raw in avi', 'r.avi', ['-c:v', 'rawvideo', '-pix_fmt', 'bgr24']],
    ['h264 with B frames in mp4', 'h.mp4', ['-c:v', 'libx264', '-bf', '2', '-pix_fmt', 'yuv420p']],
    ['mpeg4 with B frames in mkv', 'x.mkv', ['-c:v', 'mpeg4', '-bf', '2', '-q:v', '2']],
    ['vp8 in webm', 'v.webm', ['-c:v', 'libvpx', '-b:v', '1M']],
  ])('finds all frames of %s', async (_, name, codec) => {
    const file = join(folder, name);
    const args = ['-y', '-i', ffmpegPath(lossless), ...codec, ffmpegPath(file)];
    try {
      await runFfmpeg({ args, file });
    } catch (error) {
      if (/Unknown encoder/.test((error as Error).message)) return console.warn(`${name}: no encoder`);
      throw error;
    }
    const read = await readVideo(file, { frames, size: 8 });
    expect(read).toMatchObject({ frames, width, height, framesPerSecond: 25 });
    expect(numbers(read.pixels, 8)).toEqual(Array.from({ length: frames }, (__, i) => i));
    expect(await probeVideo(file, { count: true })).toMatchObject({ frames, width, height });
  });

  it('reads a span of a stream whose pictures refer to those before it', async () => {
    const file = join(folder, 'open.ts');
    const settings = 'open-gop=1:keyint=30:min-keyint=30:scenecut=0:bframes=5:b-adapt=0:ref=5';
    const args = [
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=64x48:r=25:d=4',
      '-c:v',
      'libx264',
      '-x264-params',
      settings,
    ];
    try {
      await runFfmpeg({ args: [...args, '-pix_fmt', 'yuv420p', ffmpegPath(file)], file });
    } catch (error) {
      if (/Unknown encoder/.test((error as Error).message)) return console.warn('open.ts: no encoder');
      throw error;
    }
    for (const from of [1.2, 2.4]) {
      const read = await readVideo(file, { frames: 2, size: 8 }, { span: { from, to: from + 0.4 } });
      expect(read.frames).toBe(10);
    }
  });

  it('decodes a clip twice that is too large to keep', async () => {
    const file = join(folder, 'large.avi');
    const tiny = { pixels: new Uint8Array(90 * 12).map((___, i) => Math.floor(i / 12)), width: 2, height: 2 };
    await writeVideo(file, { ...tiny, frames: 90, quality: 'lossless' });
    // 90 pictures of 512 x 512 are more than 64 MiB.
    const read = await readVideo(file, { frames: 7, size: 512, crop: 'stretch' });
    expect(read.frames).toBe(90);
    const of = (i: number) => read.pixels[i * 512 * 512 * 3 + 1000];
    expect(Array.from({ length: 7 }, (___, i) => of(i))).toEqual([0, 15, 30, 45, 59, 74, 89]);
  });

  it('says what is wrong with a file', async () => {
    const fails = async (file: string, pattern: RegExp, options: object = {}) => {
      const error = await readVideo(file, options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(DatasetError);
      expect((error as DatasetError).file).toBe(file);
      expect((error as DatasetError).message).toMatch(pattern);
    };
    await fails(join(folder, 'none.avi'), /got no such file/);
    await fails(folder, /other than a regular file/);
    const file = join(folder, 'bad.avi');
    await writeFile(file, '');
    await fails(file, /got an empty file/);
    await writeFile(file, 'not a video at all, but long enough to be looked at');
    await fails(file, /Invalid data found/);
    const whole = await readFile(lossless);
    const begin = whole.indexOf('movi');
    await writeFile(file, whole.subarray(0, begin + (whole.length - begin) * 0.6));
    await fails(file, /ffmpeg/);
    const rest = await readVideo(file, { frames: 2, size: 8, damaged: 'keep' });
    expect(rest.frames).toBeGreaterThan(2);
    expect(rest.frames).toBeLessThan(frames);
    // A picture that claims to be 30000 x 30000.
    const lying = Buffer.from(whole);
    const header = lying.indexOf('strf') + 8;
    lying.writeInt32LE(30000, header + 4);
    lying.writeInt32LE(30000, header + 8);
    const avih = lying.indexOf('avih') + 8;
    lying.writeUInt32LE(30000, avih + 32);
    lying.writeUInt32LE(30000, avih + 36);
    await writeFile(file, lying);
    await fails(file, /ffmpeg/);
  });

  it.each([
    ['a playlist', 'list.avi', '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.avi\n#EXT-X-ENDLIST\n'],
    ['a list to join', 'joined.avi', 'ffconcat version 1.0\nfile clip.avi\n'],
  ])('does not follow %s to another file', async (_, name, text) => {
    await copyFile(lossless, join(folder, 'clip.avi'));
    await writeFile(join(folder, name), text);
    const reading = readVideo(join(folder, name), { frames: 1, size: 8 });
    await expect(reading).rejects.toThrow(DatasetError);
    await expect(reading).rejects.toThrow(/avi: got a list of other files, a script or the like/);
  });

  it('throws a DatasetError on damaged bytes, or reads', async () => {
    const whole = await readFile(join(folder, 'm.avi'));
    const r = random('damage', 1);
    for (let i = 0; i < 3; i++) {
      const bytes = Buffer.from(whole);
      for (let k = 0; k < 40; k++) bytes[r.integer(bytes.length)] = r.integer(256);
      const file = join(folder, 'fuzz.avi');
      await writeFile(file, bytes.subarray(0, 1 + r.integer(bytes.length)));
      const options = { frames: 3, size: 8, damaged: r.pick(['keep', 'refuse'] as const), timeLimit: 20 };
      const read = await readVideo(file, options).catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toMatchObject({ name: 'DatasetError', file });
      else expect(read).toMatchObject({ pixels: { length: 3 * 8 * 8 * 3 } });
    }
  });

  it('stops at its signal, and at its time limit', async () => {
    const stopped = new AbortController();
    const reading = readVideo(lossless, {}, { signal: stopped.signal });
    stopped.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    const slow = runFfmpeg({ args: ['-i', 'pipe:0', '-f', 'null', '-'], file: 'x', timeLimit: 0.001 });
    await expect(slow).rejects.toThrow(/got no result in 0\.001 s/);
  });

  it('refuses options before it reads', async () => {
    for (const [options, pattern] of [
      [{ frames: 0 }, /frames/],
      [{ size: 1.5 }, /size/],
      [{ frames: 1000, size: 1000 }, /expected at most 1073741824 bytes/],
      [{ sampling: 'all' as never }, /uniform, segments, dense/],
      [{ crop: 'top' as never }, /person, center/],
      [{ margin: -1 }, /margin/],
      [{ seed: Number.NaN }, /seed/],
      [{ timeLimit: 0 }, /timeLimit/],
      [{ damaged: 'fix' as never }, /refuse, keep/],
      [{ ffmpeg: '/nowhere/ffmpeg' }, /Install ffmpeg/],
    ] as const) {
      await expect(readVideo(lossless, options)).rejects.toThrow(pattern);
    }
    await expect(readVideo(lossless, {}, { box: { x: 0.5, y: 0, side: 3 } })).rejects.toThrow(
      /box: .*whole pixels/,
    );
  });
});

describe.skipIf(!ffmpeg)('writeVideo', () => {
  it('writes complete files or none, with the same bytes each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'amr-video-'));
    const file = join(folder, 'deep', 'a.avi');
    const video = { pixels, frames, width, height };
    await writeVideo(file, video);
    const first = await readFile(file);
    await writeVideo(file, video);
    expect(Buffer.compare(first, await readFile(file))).toBe(0);
    const { pixels: lossy } = await readVideo(file, { frames, size: 32, crop: 'center' });
    const at = ((5 * 32 + 20) * 32 + 10) * 3;
    expect(Math.abs(lossy[at]! - 85)).toBeLessThan(4);
    await expect(writeVideo(file, { ...video, frames: 3 })).rejects.toThrow(
      /pixels: got \d+ bytes; expected/,
    );
    await expect(writeVideo(file, { ...video, quality: 0 })).rejects.toThrow(/quality/);
    await expect(writeVideo(file, { ...video, framesPerSecond: 0 })).rejects.toThrow(/framesPerSecond/);
    const other = join(folder, 'b.avi');
    await expect(writeVideo(other, video, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
      'no',
    );
    await expect(stat(other)).rejects.toThrow();
    await rm(folder, { recursive: true });
  });
});
