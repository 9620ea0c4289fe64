import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommonFlags } from '../run.js';
import { runOf } from '../run.js';
import { evaluateJobs, trainJobs } from './plan.js';
import { claim, mergedOf, partOf, refuseOther, trainedOf } from './runFolder.js';

let out: string;
beforeEach(() => {
  out = join(mkdtempSync(join(tmpdir(), 'claim-')), 'run');
});
afterEach(() => rmSync(join(out, '..'), { recursive: true, force: true }));

const run = (flags: Partial<CommonFlags> = {}) =>
  runOf({ preset: 'smoke', data: 'ntu60', root: {}, set: [], out, ...flags }, {});
const held = () => JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'));

describe('refuseOther', () => {
  it('claims nothing', async () => {
    expect(refuseOther(run())).toBeUndefined();
    expect(existsSync(out)).toBe(false);
    const record = await claim(run());
    expect(refuseOther(run())).toEqual(JSON.parse(JSON.stringify(record)));
    expect(() => refuseOther(run({ data: 'ntu120' }))).toThrow(/holds a run with other settings/);
  });
});

describe('claim', () => {
  it('claims an empty folder, and again for the same run', async () => {
    const record = await claim(run());
    expect(held()).toEqual(JSON.parse(JSON.stringify(record)));
    expect(record).toMatchObject({ preset: 'smoke', data: 'ntu60', prepared: join(out, 'prepared') });
    expect(await claim(run())).toEqual(record);
    expect(readdirSync(out)).toEqual(['run.json']);
  });

  it('lets seeds and jobs differ, which change no other number', async () => {
    await claim(run());
    await claim(run({ seeds: [1, 2, 3], set: ['jobs=1'] }));
    expect(held().settings).toMatchObject({ seeds: [1, 2, 3], jobs: 1 });
  });

  it('refuses other settings by name, and leaves the folder as it is', async () => {
    await claim(run());
    const before = held();
    await expect(claim(run({ set: ['training.joint.epochs=9', 'evaluation.batchSize=3'] }))).rejects.toThrow(
      /run, which holds a run with other settings \(training\.joint\.epochs: \d+ there, 9 here; evaluation\.batchSize: \d+ there, 3 here\); expected .* Choose another --out/,
    );
    await expect(claim(run({ data: 'utd-mhad' }))).rejects.toThrow(
      /dataset\.title: "NTU RGB\+D 60" there, "UTD-MHAD" here/,
    );
    await expect(claim(run({ set: ['training.joint.gradientClip=1'] }))).rejects.toThrow(
      /gradientClip: nothing there, 1 here/,
    );
    expect(held()).toEqual(before);
  });

  it.each(['{}', '[]', 'null', '"run"', '{"settings":3}'])('refuses a run.json of %s', async (text) => {
    mkdirSync(out);
    writeFileSync(join(out, 'run.json'), text);
    await expect(claim(run())).rejects.toThrow(
      /run\.json: got something else than a run; .*Choose another --out/,
    );
  });

  it('refuses a truncated run.json, and a file in place of the folder', async () => {
    mkdirSync(out);
    writeFileSync(join(out, 'run.json'), '{"preset":');
    await expect(claim(run())).rejects.toThrow(/run\.json: got invalid JSON/);
    rmSync(out, { recursive: true });
    writeFileSync(out, '');
    await expect(claim(run())).rejects.toThrow(/ENOTDIR|EEXIST/);
    expect(readdirSync(join(out, '..'))).toEqual(['run']);
  });
});

it('no two jobs have the same file', () => {
  const { settings } = run({ seeds: [1, 2] });
  const files = [
    ...trainJobs(settings, 40).map((job) => trainedOf(out, job)),
    ...evaluateJobs(settings, 40).flatMap((job) => [
      partOf(out, job),
      `${mergedOf(out, job.network, job.seed, job.suite)} of part ${job.part.index}`,
    ]),
  ];
  expect(new Set(files).size).toBe(files.length);
});
