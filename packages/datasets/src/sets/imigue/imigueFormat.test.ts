import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { partOfSplit } from '../../source/splitRule.js';
import { writeVideo } from '../../video/writeVideo.js';
import { imigueClasses } from './classNames.js';
import { type ImigueOptions, imigue } from './imigueFormat.js';
import { KeypointFile } from './keypointFile.js';
import { parseLabelFile } from './labelFile.js';
import { imigueSplits } from './splits.js';

const root = mkdtempSync(join(tmpdir(), 'imigue-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Made so that each number tells its frame and point; point 3 is never found. */
const row = (frame: number) =>
  [
    frame,
    ...Array.from({ length: 35 }, (_, joint) =>
      joint === 3 ? [0, 0, 0] : [600 + joint, 300 + 2 * frame, 0.5],
    ).flat(),
  ].join(',');
const rows = (count: number) => Array.from({ length: count }, (_, frame) => row(frame));
let folders = 0;
/** A new folder with these files. */
function folderOf(files: { [name: string]: string }): string {
  const folder = join(root, String(folders++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}
const video = (labels: string, keypoints = `${rows(20).join('\n')}\n`, id = '0001') =>
  folderOf({ [`${id}/${id}_light_hand.csv`]: keypoints, [`${id}/${id}_label.csv`]: labels });
async function readAll(options: ImigueOptions) {
  const { samples } = await imigue.list(options);
  return await Promise.all(samples.map((sample) => imigue.read(structuredClone(sample), options)));
}

describe('imigue', () => {
  it('lists the gestures of the label files, from folders of folders', async () => {
    const skeletons = folderOf({
      'train/0002/0002_light_hand.csv': row(0),
      'train/0002/0002_label.csv': '99,0,0\n',
      'test/0054/0054_light_hand.csv': row(0),
      'test/0054/0054_label.csv': '1,0,0\r\n31,0,0\r\n',
      'train/0003/0003_label.csv': '1,0,0\n',
      'train/0004/0004_light_hand.csv': row(0),
      'train/0218/0218_light_hand.csv': row(0),
      'train/0218/0218_label.csv': '1,0,0\n',
      'readme.txt': '',
    });
    const listing = await imigue.list({ skeletons, skeleton: { joints: 'all', frames: 8 } });
    expect(listing.samples.map(({ id, label, tags }) => [id, label, tags.video])).toEqual([
      ['0002_0', 31, 2],
      ['0054_0', 0, 54],
      ['0054_1', 30, 54],
    ]);
    expect(listing.skipped.map(({ id }) => id)).toEqual(['0003', '0004', '0218']);
    expect(listing.modalities.skeleton!.shape).toEqual([1, 8, 35, 3]);
    expect(listing.classes).toHaveLength(32);
    expect(partOfSplit(listing.samples, listing.splits.xsub!, 'train')).toEqual([0]);
    expect(partOfSplit(listing.samples, listing.splits.xsub!, 'test')).toEqual([1, 2]);
    const withFew = await imigue.list({ skeletons, exclude: [2, 54] });
    expect(withFew.samples.map(({ id }) => id)).toEqual(['0218_0']);
  });

  it('cuts the frames of a gesture, the last one included, with the origin in the middle of the picture', async () => {
    const skeletons = video('1,5,7\n2,0,0\n');
    const [first, second] = await readAll({ skeletons, skeleton: { joints: 'all', frames: 3 } });
    const expected = [5, 6, 7].flatMap((frame) =>
      Array.from({ length: 35 }, (_, joint) =>
        joint === 3 ? [0, 0, 0] : [(600 + joint - 640) / 720, (360 - 300 - 2 * frame) / 720, 0.5],
      ).flat(),
    );
    expect(first!.arrays.skeleton).toEqual(Float32Array.from(expected));
    expect(first!.facts).toEqual({ frames: 3 });
    // A gesture of a single frame is that frame.
    const { skeleton } = second!.arrays;
    expect(skeleton!.subarray(0, 105)).toEqual(skeleton!.subarray(210));
  });

  it('reads the points above the hips, and other sizes of the picture', async () => {
    const skeletons = video('1,5,7\n');
    const [{ arrays } = { arrays: {} }] = await readAll({
      skeletons,
      skeleton: { frames: 1 },
      picture: { width: 1000, height: 500 },
    });
    const joints = [0, 1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 18, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34];
    const xs = joints.map((joint) => (joint === 3 ? 0 : Math.fround((600 + joint - 500) / 500)));
    expect([...arrays.skeleton!].filter((_, i) => i % 3 === 0)).toEqual(xs);
  });

  it.each<[string, string]>([
    ['named columns', `frame,${'x,y,c,'.repeat(34)}x,y,c`],
    ["pandas' numbers of the columns", Array.from({ length: 106 }, (_, i) => i).join(',')],
    ["pandas' numbers without that of the index", `,${Array.from({ length: 105 }, (_, i) => i).join(',')}`],
  ])('skips a header line of %s', async (_, header) => {
    const plain = await readAll({ skeletons: video('1,0,2\n') });
    const headed = await readAll({
      skeletons: video('id,start,end\n1,0,2\n', [header, ...rows(20)].join('\r\n')),
    });
    expect(headed).toEqual(plain);
  });

  it('uses the numbers of the frames, wherever they start', async () => {
    const [{ arrays } = { arrays: {} }] = await readAll({
      skeletons: video('1,12,12\n', rows(20).slice(10).join('\n')),
      skeleton: { frames: 1 },
    });
    expect(arrays.skeleton![1]).toBe(Math.fround((360 - 324) / 720));
  });

  describe('names the line of', () => {
    it.each<[string, string, string[], RegExp]>([
      [
        'beyond the end',
        '1,0,1\n1,18,20\n',
        rows(20),
        /_label.csv, line 2: got frames 18 to 20; expected frames from 0 to 19, as in .*_light_hand.csv/,
      ],
      ['before the beginning', '1,2,3\n1,6,9\n', rows(20).slice(5), /_label.csv, line 1: got frames 2 to 3/],
      [
        'a missing line',
        '1,0,1\n1,5,8\n',
        rows(20).filter((_, i) => i !== 6),
        /_light_hand.csv, line 7: got frame 7; expected 6/,
      ],
      [
        'lines in another order',
        '1,0,1\n1,5,8\n',
        rows(20).map((_text, i, all) => all[i === 6 ? 7 : i === 7 ? 6 : i]!),
        /line 7: got frame 7;/,
      ],
      [
        'no number',
        '1,0,1\n1,5,8\n',
        rows(20).map((text) => text.replace('312', 'abc')),
        /line 7: got 'abc' in column 3/,
      ],
      [
        'no finite number',
        '1,0,1\n1,5,8\n',
        rows(20).map((text) => text.replace('312', '1e999')),
        /line 7: got '1e999'/,
      ],
      ['an empty cell', '1,0,1\n1,5,8\n', rows(20).map((text) => text.replace('312', '')), /line 7: got ''/],
      [
        'too few values',
        '1,0,1\n1,5,8\n',
        rows(20).map((text, i) => (i === 6 ? text.slice(0, -4) : text)),
        /line 7: got 105 values/,
      ],
      [
        'an endless line',
        '1,0,1\n1,5,8\n',
        rows(20).map((text, i) => (i === 6 ? text + '0'.repeat(9999) : text)),
        /line 7: got a line of/,
      ],
      ['an unknown class', '1,0,1\n33,5,8\n', rows(20), /_label.csv, line 2: id: got 33/],
      ['an end before the start', '1,0,1\n3,8,5\n', rows(20), /line 2: got frames 8 to 5/],
      ['two values', '1,0,1\n\n3,8\n', rows(20), /_label.csv, line 3: got '3,8'/],
      ['no whole number', '1,0,1\n3,8,9.5\n', rows(20), /line 2: got '3,8,9\.5'/],
    ])('%s', async (_, labels, lines, message) => {
      const skeletons = video(labels, lines.join('\n'));
      const { samples } = await imigue.list({ skeletons });
      expect(samples).toHaveLength(2);
      const outcomes = await Promise.allSettled(samples.map((sample) => imigue.read(sample, { skeletons })));
      const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(failed).toHaveLength(1);
      expect(failed[0]).toBeInstanceOf(DatasetError);
      expect(failed[0].message).toMatch(message);
    });

    it('gestures that are too short', async () => {
      const options = { skeletons: video('1,0,3\n2,4,6\n'), minFrames: 4 };
      await expect(readAll(options)).rejects.toThrow(
        /line 2: got a gesture of 3 frames; expected at least 4/,
      );
    });
  });

  it.each<[string, Partial<ImigueOptions>, RegExp]>([
    ['no folder', { skeletons: '' }, /skeletons: got ''; expected the path of a folder/],
    ['a folder that is not there', { skeletons: '/nowhere' }, /got no such folder/],
    ['a folder with something else', { skeletons: folderOf({ 'a.txt': '' }) }, /got no gesture/],
    [
      'two files of a name',
      { skeletons: folderOf({ 'a/0001_label.csv': '', 'b/0001_label.csv': '' }) },
      /got another file of this name/,
    ],
    ['labels in another format', { skeletons: video('<html>') }, /0001_label.csv, line 1: got no valid line/],
    ['unknown joints', { skeleton: { joints: 'lower' as 'upper' } }, /skeleton\.joints: got 'lower'/],
    [
      'no picture',
      { picture: { width: 0, height: 720 } },
      /picture\.width: got 0; expected a whole number from 1/,
    ],
    ['no rate', { framesPerSecond: 0 }, /framesPerSecond: got 0/],
    ['an unknown fit', { skeleton: { fit: 'crop' as 'pad' } }, /skeleton\.fit: got 'crop'/],
  ])('refuses %s', async (_, options, message) => {
    const listing = imigue.list({ skeletons: root, ...options });
    await expect(listing).rejects.toThrow(DatasetError);
    await expect(listing).rejects.toThrow(message);
  });

  it('skips gestures without a video', async () => {
    const skeletons = video('1,0,1\n');
    const none = imigue.list({ skeletons, videos: folderOf({ '0002.mp4': '' }) });
    await expect(none).rejects.toThrow(/got no gesture/);
    const videos = folderOf({ '0001/0001.mp4': '' });
    const { samples, modalities } = await imigue.list({ skeletons, videos, video: { frames: 4, size: 32 } });
    expect(samples[0]!.files.rgb).toBe(join(videos, '0001', '0001.mp4'));
    expect(modalities.rgb!.shape).toEqual([4, 32, 32, 3]);
  });

  it('cuts the video to the time of the frames, around the found points', async ({ skip }) => {
    if (spawnSync('ffmpeg', ['-version']).status !== 0) skip('needs ffmpeg');
    // 10 frames a second, each grey by its number, twice as small as the picture that the points are in.
    const [width, height, frames] = [128, 96, 20];
    const pixels = new Uint8Array(frames * width * height * 3);
    for (let frame = 0; frame < frames; frame++) {
      pixels.fill(40 + 10 * frame, frame * width * height * 3, (frame + 1) * width * height * 3);
    }
    const file = join(folderOf({ '0001/keep': '' }), '0001', '0001.mp4');
    await writeVideo(file, { pixels, frames, width, height, framesPerSecond: 10 });
    const options = {
      skeletons: video('1,4,9\n2,12,12\n'),
      videos: dirname(dirname(file)),
      video: { frames: 6, size: 16 },
      picture: { width: 256, height: 192 },
    };
    const [first, second] = await readAll(options);
    expect(first!.facts).toEqual({ frames: 6, videoFrames: 6 });
    expect(second!.facts).toEqual({ frames: 1, videoFrames: 1 });
    const greys = (rgb: Float32Array | Uint8Array) =>
      Array.from({ length: 6 }, (_, i) => rgb[i * 16 * 16 * 3 + 300]!);
    for (const [i, grey] of greys(first!.arrays.rgb!).entries())
      expect(Math.abs(grey - 40 - 10 * (4 + i))).toBeLessThan(5);
    for (const grey of greys(second!.arrays.rgb!)) expect(Math.abs(grey - 160)).toBeLessThan(5);
    // As if the points had been found in frames of twice the rate.
    const [faster] = await readAll({ ...options, framesPerSecond: 20 });
    expect(faster!.facts).toEqual({ frames: 6, videoFrames: 3 });
  });

  it('has 255 training and 104 test videos, each once', () => {
    const { train, test } = imigueSplits.xsub;
    expect(train).toHaveLength(255);
    expect(test).toHaveLength(104);
    expect(new Set([...train, ...test]).size).toBe(359);
    expect(new Set(imigueClasses).size).toBe(32);
  });
});

describe('changed files are read, or refused with the file and the line', () => {
  const changed = (text: string) =>
    fc
      .array(fc.tuple(fc.nat(text.length), fc.nat(8), fc.string({ maxLength: 6 })), { maxLength: 4 })
      .map((changes) =>
        changes.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text),
      );

  it('of key points', () => {
    fc.assert(
      fc.property(changed(rows(4).join('\n')), (text) => {
        try {
          const file = new KeypointFile(new TextEncoder().encode(text), 'a.csv');
          const values = file.read(file.first, file.first + file.frames - 1);
          expect(values.length).toBe(file.frames * 105);
          expect(values.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DatasetError);
          expect((error as DatasetError).file).toBe('a.csv');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of labels', () => {
    fc.assert(
      fc.property(changed('1,5,17\n99,20,31\n7,40,40\n'), (text) => {
        try {
          for (const { label, start, end } of parseLabelFile(text, 'a.csv')) {
            expect(label >= 0 && label < 32 && start >= 0 && end >= start).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DatasetError);
          expect((error as DatasetError).line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
