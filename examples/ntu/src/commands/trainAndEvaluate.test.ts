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
      /'train pgd-at, seed 1' comes after 'train video, seed 1', which is not done in .*--stage streams end first/;
    await expect(train(run, out, { clips: 10, stage: 'networks', signal })).rejects.toThrow(message);
    // Of all trainings, a share may hold a network whose streams are another machine's.
    const shard = { index: 2, count: 5 };
    await expect(train(run, out, { clips: 10, shard, signal })).rejects.toThrow(message);
  });

  it('has nothing to do when a stage is done', async () => {
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
      /undefended is not trained with seed 1 in .*: run 'train' with the same options first/,
    );
  });

  it('has nothing to do when its share is done', async () => {
    finish('all');
    const jobs = evaluateJobs(run.settings, 5);
    for (const [number, job] of jobs.entries()) if (number % 2 === 1) writeResult(partOf(out, job), {});
    expect(await evaluate(run, out, { clips: 5, shard: { index: 1, count: 2 }, signal })).toBe(true);
  });
});
