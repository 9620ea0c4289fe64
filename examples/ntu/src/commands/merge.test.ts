import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomesOf, writeResult } from '../run/outcomes.fixture.js';
import { type EvaluateJob, evaluateJobs } from '../run/plan.js';
import { mergedOf, partOf } from '../run/runFolder.js';
import { smallRun } from '../run/smallRun.fixture.js';
import { merge } from './merge.js';

const clips = 5;
let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'merge-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const run = smallRun('unused');
const jobs = evaluateJobs(run.settings, clips);
const write = (job: EvaluateJob) => writeResult(partOf(out, job), outcomesOf(run, job, clips, job.part));
const partsOf = (network: string, suite = 'gradient') =>
  jobs.filter((job) => job.network === network && job.suite === suite);

describe('merge', () => {
  it('merges all parts into the files of undivided evaluations', async () => {
    for (const job of jobs) write(job);
    expect(partsOf('amr-at')).toHaveLength(3);
    expect(await merge(run, out, clips)).toBe(6);
    for (const job of jobs) {
      const merged = JSON.parse(readFileSync(mergedOf(out, job.network, job.seed, job.suite), 'utf8'));
      expect(merged).toEqual({ ...outcomesOf(run, job, clips), seconds: 3 });
    }
    const [last] = partsOf('amr-at').slice(-1);
    const before = readFileSync(mergedOf(out, 'amr-at', 1, 'gradient'), 'utf8');
    write(last!);
    await merge(run, out, clips);
    expect(readFileSync(mergedOf(out, 'amr-at', 1, 'gradient'), 'utf8')).toBe(before);
  });

  it('names a missing part, and writes nothing', async () => {
    const [gap] = partsOf('amr-at').slice(1);
    for (const job of jobs) if (job !== gap) write(job);
    await expect(merge(run, out, clips)).rejects.toThrow(
      "merge: got 1 parts without a result, such as 'attack amr-at, seed 1, gradient, part 2 of 3'; expected all of them. Run 'evaluate'",
    );
    expect(() => readFileSync(mergedOf(out, 'undefended', 1, 'gradient'))).toThrow('ENOENT');
  });

  it.each<[string, (job: EvaluateJob) => unknown, RegExp]>([
    [
      'another part',
      (job) => outcomesOf(run, job, clips, { index: 0, count: 3 }),
      /part-2of3\.json: got part 1 of 3 with seed 1; expected 'attack amr-at, .*Delete it/,
    ],
    [
      'another seed',
      (job) => outcomesOf(run, { ...job, seed: 2 }, clips, job.part),
      /part-2of3\.json: got part 2 of 3 with seed 2/,
    ],
    [
      'another suite',
      (job) => outcomesOf(run, { ...job, suite: 'autoattack' }, clips, job.part),
      /gradient\.json: got parts that can't be merged\. .*shard 1 .*other settings, attacks: got \["AutoAttack \(short\)"\]; expected \["FGSM"/,
    ],
    ['no report', () => ({ format: 'something' }), /part-2of3\.json: .*Delete it and run 'evaluate' again/s],
  ])('refuses a file that holds %s', async (_, held, message) => {
    for (const job of jobs) write(job);
    const [, second] = partsOf('amr-at');
    writeResult(partOf(out, second!), held(second!));
    await expect(merge(run, out, clips)).rejects.toThrow(message);
  });

  it('refuses a truncated file', async () => {
    for (const job of jobs) write(job);
    writeFileSync(partOf(out, jobs[0]!), '{"config":');
    await expect(merge(run, out, clips)).rejects.toThrow(/part-1of3\.json: got invalid JSON.*Delete it/);
  });
});
