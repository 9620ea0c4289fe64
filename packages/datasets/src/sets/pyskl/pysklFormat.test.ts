import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { partOfSplit } from '../../source/splitRule.js';
import { type PysklOptions, pyskl } from './pysklFormat.js';

interface Described {
  id: string;
  label: number;
  shape: [number, number, number, number];
  keypoint: number[];
  score: number[];
}
const testData = (name: string) => fileURLToPath(new URL(`../../../test-data/${name}`, import.meta.url));
const golden: { three: Described[]; two: Described[] } = JSON.parse(
  readFileSync(testData('pyskl.json'), 'utf8'),
);
const folder = mkdtempSync(join(tmpdir(), 'pyskl-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files3d = ['numpy1', 'numpy2'].flatMap((numpy) =>
  [2, 3, 4, 5].map((protocol) => ({ numpy, protocol, file: testData(`pyskl3d${protocol}.${numpy}.pkl`) })),
);

const listed = async (options: PysklOptions) => (await pyskl.list(options)).samples;
async function read(options: PysklOptions, i: number) {
  const samples = await listed(options);
  // As it arrives in a worker thread.
  return await pyskl.read(structuredClone(samples[i]!), options);
}

describe('pyskl', () => {
  it.each(files3d)('reads 3D joints of $numpy, protocol $protocol', async ({ file, protocol }) => {
    const listing = await pyskl.list({ file });
    expect(listing.dataset).toBe('ntu60');
    expect(listing.classes.length).toBe(60);
    expect(listing.modalities).toEqual({
      skeleton: { dtype: 'float32', shape: [2, 64, 25, 3], kind: 'skeleton', unit: 'metres' },
    });
    expect(listing.samples.map(({ id, label }) => ({ id, label }))).toEqual(
      golden.three.map(({ id, label }) => ({ id, label })),
    );
    expect(listing.samples[2]!.tags).toEqual({ setup: 2, camera: 3, subject: 3, replication: 2, action: 7 });
    expect(partOfSplit(listing.samples, listing.splits.xsub!, 'train')).toEqual([0, 1]);
    expect(partOfSplit(listing.samples, listing.splits.xview!, 'test')).toEqual([0]);
    expect('arrays' in (listing.samples[0]!.part as object)).toBe(protocol > 2);

    for (const [i, { shape, keypoint }] of golden.three.entries()) {
      const [persons, frames, joints] = shape;
      const options = { file, skeleton: { persons, frames, center: false } };
      const { arrays, facts } = await read(options, i);
      expect(Array.from(arrays.skeleton!)).toEqual(keypoint);
      expect(arrays.skeleton!.length).toBe(persons * frames * joints * 3);
      expect(facts).toEqual({ frames, bodies: persons });
    }
  });

  it('puts the origin at the spine of the first body, and keeps absent bodies at zero', async () => {
    const file = testData('pyskl3d4.numpy2.pkl');
    const { keypoint } = golden.three[1]!;
    const { arrays } = await read({ file, skeleton: { persons: 3, frames: 2 } }, 1);
    const values = arrays.skeleton!;
    const at = (person: number, frame: number, joint: number) => ((person * 2 + frame) * 25 + joint) * 3;
    expect(Array.from(values.subarray(at(0, 0, 1), at(0, 0, 2)))).toEqual([0, 0, 0]);
    const origin = keypoint.slice(at(0, 0, 1), at(0, 0, 2));
    expect(values[at(1, 1, 5) + 2]).toBe(keypoint[at(1, 1, 5) + 2]! - origin[2]!);
    expect(values.subarray(at(1, 0, 0), at(1, 1, 0)).every((value) => value === 0)).toBe(true);
    expect(values.subarray(at(2, 0, 0)).every((value) => value === 0)).toBe(true);
  });

  it.each(['numpy1', 'numpy2'])('reads 2D key points of %s in picture heights', async (numpy) => {
    const file = testData(`pyskl2d.${numpy}.pkl`);
    const listing = await pyskl.list({ file });
    expect(listing.modalities.skeleton).toEqual({
      dtype: 'float32',
      shape: [2, 64, 17, 3],
      kind: 'keypoints',
      unit: 'picture heights',
    });
    expect(listing.classes).toEqual(['class 0', 'class 1', 'class 2']);
    expect(listing.dataset).toBe(`pyskl2d.${numpy}`);
    expect(partOfSplit(listing.samples, listing.splits.split1!, 'test')).toEqual([2]);
    const { arrays } = await read({ file, skeleton: { persons: 1, frames: 2 } }, 1);
    const { keypoint, score } = golden.two[1]!;
    const expected = score.flatMap((seen, i) =>
      seen === 0 ? [0, 0, 0] : [(keypoint[2 * i]! - 960) / 1080, (540 - keypoint[2 * i + 1]!) / 1080, seen],
    );
    expect(arrays.skeleton).toEqual(Float32Array.from(expected));
  });

  it('uses given names of the classes', async () => {
    const file = testData('pyskl2d.numpy2.pkl');
    expect((await pyskl.list({ file, classes: ['a', 'b', 'c', 'd'] })).classes).toEqual(['a', 'b', 'c', 'd']);
    await expect(pyskl.list({ file, classes: ['a'] })).rejects.toThrow(
      /classes: got 1 names; expected 3 or more, since the file has label 2/,
    );
  });

  describe('refuses', () => {
    const file = testData('pyskl3d4.numpy2.pkl');
    it.each<[string, Partial<PysklOptions>, RegExp]>([
      ['no file', { file: '' }, /file: got ''; expected the path of a pickle/],
      ['a file that is not there', { file: 'nowhere.pkl' }, /nowhere.pkl: got no such file/],
      ['a folder', { file: tmpdir() }, /got something other than a regular file/],
      [
        'no persons',
        { skeleton: { persons: 0 } },
        /skeleton\.persons: got 0; expected a whole number from 1/,
      ],
      [
        'no frames',
        { skeleton: { frames: 0.5 } },
        /skeleton\.frames: got 0\.5; expected a whole number from 1/,
      ],
      ['a missing folder of videos', { videos: '/nowhere' }, /nowhere: got no such folder/],
    ])('%s', async (_, options, message) => {
      const listing = pyskl.list({ file, ...options });
      await expect(listing).rejects.toThrow(DatasetError);
      await expect(listing).rejects.toThrow(message);
    });

    it('a file that was changed after it was listed', async () => {
      const copy = join(folder, 'changed.pkl');
      writeFileSync(copy, readFileSync(file));
      const [sample] = await listed({ file: copy });
      writeFileSync(copy, readFileSync(file).subarray(0, 1000));
      await expect(pyskl.read(sample!, { file: copy })).rejects.toThrow(
        /changed.pkl: got 1000 bytes; expected/,
      );
    });
  });

  it.each(['numpy1', 'numpy2'])(
    'says what is wrong with an annotation, and reads the others: %s',
    async (numpy) => {
      const file = testData(`pysklFaults.${numpy}.pkl`);
      const { samples, splits } = await pyskl.list({ file });
      expect(splits).toEqual({});
      const outcomes = await Promise.allSettled(samples.map((sample) => pyskl.read(sample, { file })));
      const reasons = outcomes.map((outcome) => {
        if (outcome.status === 'fulfilled') return 'valid';
        expect(outcome.reason).toBeInstanceOf(DatasetError);
        expect(outcome.reason.file).toBe(file);
        return outcome.reason.reason;
      });
      expect(reasons).toEqual([
        'valid',
        "annotations[1]: frame_dir: got 'S001C001P001R001A001' again; expected unique names.",
        expect.stringMatching(/^annotations\[2\]: got .*; expected a dict\.$/),
        'annotations[3]: label: got -1; expected a whole number from 0.',
        'annotations[4]: total_frames: got 3; expected 2, as in keypoint.',
        'annotations[5]: keypoint: got shape [2, 25, 3]; expected [persons, frames, joints, 2 or 3].',
        "annotations[6]: keypoint: got 20 joints in 3D; expected NTU's 25.",
        'annotations[7]: img_shape: got no picture size; expected height and width, for pixels.',
        'annotations[8]: keypoint_score: got another value; expected an array of shape [1, 2, 17].',
        'annotations[9]: keypoint: got shape [1, 3, 17, 2]; expected [persons, frames, 25, 3], like the first.',
        expect.stringMatching(
          /^annotations\[10\]: raw_file: got 'k\.pkl'; expected the key points in this file/,
        ),
      ]);
      expect(new Set(samples.map(({ id }) => id)).size).toBe(11);
    },
  );

  it('skips samples without a video', async () => {
    writeFileSync(join(folder, 'S001C001P001R001A001_rgb.avi'), '');
    writeFileSync(join(folder, 'notes.txt'), '');
    const listing = await pyskl.list({ file: testData('pyskl3d4.numpy2.pkl'), videos: folder });
    expect(listing.samples.map(({ files }) => files.rgb)).toEqual([
      join(folder, 'S001C001P001R001A001_rgb.avi'),
    ]);
    expect(listing.skipped.map(({ id }) => id)).toEqual(golden.three.slice(1).map(({ id }) => id));
    expect(listing.modalities.rgb).toEqual({
      dtype: 'uint8',
      shape: [32, 128, 128, 3],
      kind: 'video',
      unit: 'intensity',
    });
  });

  it('gives arrays or a DatasetError for changed bytes, soon', async () => {
    const whole = [
      testData('pyskl3d5.numpy2.pkl'),
      testData('pyskl3d2.numpy1.pkl'),
      testData('pyskl2d.numpy1.pkl'),
    ].map((file) => readFileSync(file));
    const file = join(folder, 'fuzzed.pkl');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
        fc.option(fc.nat(), { freq: 3 }),
        async (bytes, changes, end) => {
          const changed = Uint8Array.from(
            bytes.subarray(0, end === null ? bytes.length : end % bytes.length),
          );
          for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
          writeFileSync(file, changed);
          const options = { file, skeleton: { frames: 2 } };
          try {
            for (const sample of await listed(options)) {
              await pyskl.read(sample, options).catch((error) => expect(error).toBeInstanceOf(DatasetError));
            }
          } catch (error) {
            expect(error).toBeInstanceOf(DatasetError);
            expect((error as DatasetError).file).toBe(file);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
