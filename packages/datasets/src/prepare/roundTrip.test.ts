import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { actionClips } from '../generator/actionClips.js';
import { type NtuLayoutOptions, writeNtuLayout } from '../generator/ntuLayout.js';
import type { NtuOptions } from '../sets/ntu/ntuFormat.js';
import type { ArrayDataset } from '../source/fromArrays.js';
import { preparedFolder } from '../streaming/preparedFolder.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import { prepare } from './prepare.js';

const ffmpeg = await findFfmpeg().catch(() => undefined);
if (!ffmpeg) console.warn('prepare, round trip: skipped, there is no ffmpeg');

const clipOptions: NtuLayoutOptions = {
  classes: ['wave', 'handshake'],
  persons: 2,
  samplesPerClass: 2,
  subjects: 2,
  frames: { skeleton: 14, rgb: 4 },
  resolution: 32,
  seed: 5,
};
/** What leaves skeletons and pictures as they are. */
const untouched = {
  skeleton: { frames: 14, denoise: false, center: false },
  video: { frames: 4, size: 32, crop: 'stretch' },
} as const;
const spineMiddle = 1;

/** Of two bodies the one that moves more comes first: the made ones in the order in which they were read, told by where bones lie. */
function inReadOrder(made: number[], read: number[]): number[] {
  const half = made.length / 2;
  const bone = (values: number[], from: number) => values[from + 3]! - values[from]!;
  const isSwapped = Math.abs(bone(read, 0) - bone(made, half)) < Math.abs(bone(read, 0) - bone(made, 0));
  return isSwapped ? [...made.slice(half), ...made.slice(0, half)] : made;
}

describe.skipIf(!ffmpeg)("generated clips in NTU's layout, prepared and streamed", () => {
  let folder: string;
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Pairs of each generated sample and the one read in a batch. */
  async function* pairs(
    clips: ArrayDataset,
    layout: { skeletons: string; videos?: string; clips: { name: string }[] },
    out: string,
    options: Pick<NtuOptions, 'skeleton' | 'video'>,
  ) {
    const { skeletons, videos } = layout;
    await prepare(
      'ntu60',
      { skeletons, videos, ...options },
      { out: join(folder, out), workers: 0, shardBytes: 60_000 },
    );
    const streamed = await preparedFolder(join(folder, out), { workers: 0 });
    let seen = 0;
    for await (const { ids, inputs, labels } of streamed.batches({ batchSize: 4, seed: 1, epoch: 0 })) {
      const [skeleton, rgb] = await Promise.all([inputs['skeleton']!.data(), inputs['rgb']?.data() ?? []]);
      const classes = await labels.data();
      for (const [row, id] of ids.entries()) {
        const index = layout.clips.findIndex(({ name }) => name === id);
        const part = (values: ArrayLike<number>) => {
          const each = values.length / ids.length;
          return Array.from(values).slice(row * each, (row + 1) * each);
        };
        seen++;
        yield {
          action: streamed.classes[classes[row]!],
          isWave: clips.labels[index] === 0,
          skeleton: {
            made: inReadOrder([...clips.values(index, 'skeleton')], part(skeleton)),
            read: part(skeleton),
          },
          rgb: { made: [...clips.values(index, 'rgb')], read: part(rgb) },
        };
      }
      for (const tensor of [...Object.values(inputs), labels]) tensor.dispose();
    }
    await streamed.close();
    expect(seen).toBe(clips.size);
  }

  it('are what they were: skeletons and lossless pictures exactly', async () => {
    folder = await mkdtemp(join(tmpdir(), 'amr-round-trip-'));
    const clips = await actionClips(clipOptions);
    const layout = await writeNtuLayout(join(folder, 'lossless'), { ...clipOptions, quality: 'lossless' });
    for await (const { action, isWave, skeleton, rgb } of pairs(clips, layout, 'exact', untouched)) {
      expect(action).toBe(isWave ? 'hand waving' : 'shaking hands');
      // The text has as many digits as tell 32-bit floats apart.
      expect(skeleton.read).toEqual(skeleton.made);
      expect(rgb.read).toEqual(rgb.made);
    }
    const skeletonsOnly = { ...layout, videos: undefined };
    // As they are prepared by default: the first body's spine is at 0 in the first frame, second bodies that are absent stay 0.
    for await (const { isWave, skeleton } of pairs(clips, skeletonsOnly, 'centered', {
      skeleton: { frames: 14 },
    })) {
      const origin = skeleton.made.slice(3 * spineMiddle, 3 * spineMiddle + 3);
      const first = skeleton.made.length / 2;
      const wanted = skeleton.made.map((value, i) => (isWave && i >= first ? 0 : value - origin[i % 3]!));
      const worst = Math.max(...skeleton.read.map((value, i) => Math.abs(value - wanted[i]!)));
      expect(worst).toBeLessThan(1e-6);
    }
  });

  it("are within the codec's loss otherwise", async () => {
    const clips = await actionClips(clipOptions);
    const layout = await writeNtuLayout(join(folder, 'lossy'), clipOptions);
    for await (const { skeleton, rgb } of pairs(clips, layout, 'lossy-out', untouched)) {
      expect(skeleton.read).toEqual(skeleton.made);
      const squares = rgb.read.map((value, i) => (value - rgb.made[i]!) ** 2);
      const psnr = -10 * Math.log10(squares.reduce((a, b) => a + b, 0) / squares.length);
      // A root mean square of 1/32: the colours of 2 x 2 pixels become one (4:2:0), which counts in pictures as small as these.
      expect(psnr).toBeGreaterThan(30);
    }
  });
});
