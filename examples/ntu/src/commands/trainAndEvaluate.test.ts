import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeResult } from '../run/outcomes.fixture.js';
import { evaluateJobs, trainJobs } from '../run/plan.js';
import { partOf, trainedOf } from '../run/runFolder.js';
import { smallRun } from '../run/smallRun.fixture.js';
import { evaluate } from './evaluate.js';
import { train } from './train.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'steps-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const run = smallRun('unused');
const { signal } = new AbortController();
const trainings = trainJobs(run.settings, 10);
const finish = (kind: 'streams' | 'all') => {
  for (const job of trainings) if (kind === 'all' || job.stream) writeResult(trainedOf(out, job), {});
};

describe('train', () => {
  it('refuses networks before their streams, and says what to do', async () => {
    const message =
      /got no result of 'train video, seed 1'; expected one before 'train pgd-at, seed 1'.*--stage streams finish first/;
    await expect(train(run, out, { clips: 10, stage: 'networks', signal })).rejects.toThrow(message);
    // A shard of all trainings may hold a network whose streams are in another shard.
    const shard = { index: 2, count: 5 };
    await expect(train(run, out, { clips: 10, shard, signal })).rejects.toThrow(message);
  });

  it('does nothing when a stage is finished', async () => {
    finish('streams');
    expect(await train(run, out, { clips: 10, stage: 'streams', signal })).toBe(true);
    finish('all');
    expect(await train(run, out, { clips: 10, signal })).toBe(true);
  });
});

describe('evaluate', () => {
  it('refuses networks that are not trained', async () => {
    finish('streams');
    await expect(evaluate(run, out, { clips: 5, signal })).rejects.toThrow(
      /got no trained undefended with seed 1; .*Run 'train' with the same options first/,
    );
  });

  it('does nothing when its shard is finished', async () => {
    finish('all');
    const jobs = evaluateJobs(run.settings, 5);
    for (const [number, job] of jobs.entries()) if (number % 2 === 1) writeResult(partOf(out, job), {});
    expect(await evaluate(run, out, { clips: 5, shard: { index: 1, count: 2 }, signal })).toBe(true);
  });
});
