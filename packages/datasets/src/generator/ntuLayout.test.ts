import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSkeletonFile } from '../sets/ntu/parseSkeletonFile.js';
import { parseSampleName } from '../sets/ntu/sampleName.js';
import { jointValues } from '../sets/ntu/skeletonFile.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import { readVideo } from '../video/readVideo.js';
import { actionClips } from './actionClips.js';
import { focalLength } from './camera.js';
import { type NtuLayout, type NtuLayoutOptions, writeNtuLayout } from './ntuLayout.js';

const ffmpeg = await findFfmpeg().catch(() => undefined);
if (!ffmpeg) console.warn('writeNtuLayout: skipped, there is no ffmpeg');

const options: NtuLayoutOptions = {
  classes: ['wave', 'handshake'],
  persons: 2,
  samplesPerClass: 3,
  subjects: 2,
  views: 1,
  frames: { skeleton: 8, rgb: 4 },
  resolution: 32,
  seed: 3,
};

describe.skipIf(!ffmpeg)('writeNtuLayout', () => {
  let folder: string;
  let layout: NtuLayout;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'amr-ntu-'));
    layout = await writeNtuLayout(folder, { ...options, quality: 'lossless' });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('writes the clips of actionClips, skeletons and pictures', async () => {
    const clips = await actionClips(options);
    expect(layout.clips.map(({ id }) => id)).toEqual(clips.ids);
    for (const [i, { name, action }] of layout.clips.entries()) {
      expect(parseSampleName(name)?.action).toBe(action === 'wave' ? 23 : 58);
      const text = await readFile(join(layout.skeletons, `${name}.skeleton`), 'utf8');
      const recording = parseSkeletonFile(text);
      expect(recording.frames).toBe(8);
      expect(recording.bodies.length).toBe(action === 'wave' ? 1 : 2);
      const joints = recording.bodies.flatMap((body) => [...jointValues(body, ['x', 'y', 'z'])]);
      expect(joints).toEqual([...clips.values(i, 'skeleton').subarray(0, joints.length)]);
      const [x, z, column] = jointValues(recording.bodies[0]!, ['x', 'z', 'colorX']);
      expect(column).toBeCloseTo(1920 * (0.5 + (focalLength * x!) / z!), 2);
      expect(Number(recording.bodies[0]!.id)).toBeGreaterThan(2 ** 53);
      const video = await readVideo(join(layout.videos, `${name}_rgb.avi`), { frames: 4, size: 32 });
      expect(video).toMatchObject({ frames: 4, width: 32, height: 32, framesPerSecond: 15 });
      const bytes = clips.values(i, 'rgb').map((value) => Math.round(value * 255));
      expect(Buffer.compare(video.pixels, Uint8Array.from(bytes))).toBe(0);
    }
  });

  it('gives names that are unique and keep subject and camera', () => {
    const names = layout.clips.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.endsWith('A023'))).toEqual([
      'S001C001P001R001A023',
      'S002C001P002R001A023',
      'S001C001P001R002A023',
    ]);
  });

  it('writes only missing files, and refuses a folder of other options', async () => {
    const { name } = layout.clips[2]!;
    const file = join(layout.videos, `${name}_rgb.avi`);
    const before = await readFile(file);
    await rm(file);
    const kept = join(layout.videos, `${layout.clips[1]!.name}_rgb.avi`);
    const { mtimeMs } = await stat(kept);
    const done: number[] = [];
    const again = await writeNtuLayout(folder, {
      ...options,
      quality: 'lossless',
      onProgress: (progress) => void done.push(progress.done),
    });
    expect(again).toEqual({ ...layout, skipped: layout.clips.length - 1 });
    expect(done).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Buffer.compare(await readFile(file), before)).toBe(0);
    expect((await stat(kept)).mtimeMs).toBe(mtimeMs);
    await expect(writeNtuLayout(folder, { ...options, seed: 4 })).rejects.toThrow(
      /got a folder of clips of other options/,
    );
  });

  it('adds false bodies and empty frames', async () => {
    const other = join(folder, 'other');
    const few = { ...options, samplesPerClass: 1 };
    const made = await writeNtuLayout(other, { ...few, falseBodies: 1, emptyFrames: 1 });
    const clips = await actionClips(few);
    for (const [i, { name, action }] of made.clips.entries()) {
      const text = await readFile(join(made.skeletons, `${name}.skeleton`), 'utf8');
      const { frames, bodies } = parseSkeletonFile(text);
      const before = frames - 8;
      expect(before).toBeGreaterThan(0);
      expect(text.split('\n')[1]).toBe('0');
      expect(bodies.length).toBe(action === 'wave' ? 2 : 3);
      expect(bodies.at(-1)!.frames.length).toBeLessThan(8 + 1);
      expect([...bodies[0]!.frames]).toEqual(Array.from({ length: 8 }, (_, k) => before + k));
      const joints = jointValues(bodies[0]!, ['x', 'y', 'z']);
      expect([...joints]).toEqual([...clips.values(i, 'skeleton').subarray(0, joints.length)]);
      const video = await readVideo(join(made.videos, `${name}_rgb.avi`), { frames: 1, size: 8 });
      expect(video.frames).toBe(4 + Math.round(before / 2));
    }
  });

  it('stops when its signal aborts, and leaves no unfinished file', async () => {
    const other = join(folder, 'stopped');
    const stop = new AbortController();
    const onProgress = (done: number) => done === 2 && stop.abort(new Error('enough'));
    await expect(
      writeNtuLayout(other, {
        ...options,
        signal: stop.signal,
        onProgress: (progress) => void onProgress(progress.done),
      }),
    ).rejects.toThrow('enough');
    const files = await readdir(join(other, 'nturgb+d_rgb'));
    expect(files.every((file) => file.endsWith('_rgb.avi') && !file.startsWith('.'))).toBe(true);
    expect(files.length).toBeLessThan(3);
  });
});

describe('names of NTU', () => {
  const write = (changed: NtuLayoutOptions) => writeNtuLayout('/nowhere/at/all', { ...options, ...changed });
  it('refuses clips that NTU has no name for', async () => {
    await expect(write({ classes: ['wave', 'punch'] })).rejects.toThrow(
      /classes: got 'punch'; expected actions that NTU has: drink/,
    );
    await expect(write({ views: 4 })).rejects.toThrow(/views: got 4; expected at most 3/);
    await expect(write({ subjects: 200, samplesPerClass: 200 })).rejects.toThrow(
      /subjects: got 200; expected at most 106/,
    );
    await expect(write({ subjects: 1, samplesPerClass: 65, setups: 1 })).rejects.toThrow(
      /samplesPerClass: got more clips of 'wave'/,
    );
    await expect(write({ setups: 0 })).rejects.toThrow(/setups: got 0; expected a whole number from 1/);
    await expect(write({ falseBodies: 2 })).rejects.toThrow(/falseBodies: got 2; expected a probability/);
    await expect(write({ setup: 2 } as object)).rejects.toThrow(
      'writeNtuLayout.setup: got an unknown option; expected setups. Rename it.',
    );
  });
});
