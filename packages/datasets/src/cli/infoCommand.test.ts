import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepare } from '../prepare/prepare.js';
import { infoOf, infoText } from './infoCommand.js';
import { lookCommand } from './lookCommand.js';
import { fileName, SAMPLES, writeSkeletonFiles } from './skeletonFiles.fixture.js';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'amr-data-info-'));
  mkdirSync(at('skeletons'));
  writeSkeletonFiles(at('skeletons'));
  await prepare(
    'ntu60',
    { skeletons: at('skeletons'), skeleton: { persons: 1, frames: 8, denoise: false } },
    { out: at('whole'), shardBytes: 3000, workers: 0 },
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows the content of a prepared folder', async () => {
  const info = await infoOf(at('whole'));
  expect(info).toMatchObject({ dataset: 'ntu60', samples: SAMPLES, shards: SAMPLES });
  // Of the subjects 1 to 3, 1 and 2 train; of the cameras, 2 and 3.
  expect(info.splits).toEqual({ xsub: { train: 16, test: 8 }, xview: { train: 16, test: 8 } });
  expect(info.classes[21]!.splits['xview']).toEqual({ train: 0, test: 1 });
  const text = infoText(info);
  expect(text).toMatch(/^ntu60: 24 samples in 24 shards, .* kB; 0 skipped, 0 damaged\n/);
  expect(text).toMatch(/skeleton: skeleton, float32 \[1, 8, 25, 3\], metres/);
  expect(text).toMatch(/\nall +24 +16 +8 +16 +8\n36 classes have no samples$/);
});

it('draws the first samples', async () => {
  const drawn = await lookCommand(at('whole'), at('look.png'), 3);
  expect(drawn).toEqual([0, 1, 2].map((i) => fileName(i).slice(0, 20)));
  expect(readFileSync(at('look.png')).subarray(1, 4).toString()).toBe('PNG');
});
