import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cases } from '../networks/cases.js';
import type { TaskName } from '../networks/tasks.js';
import type { Runner } from '../runners/runners.js';
import { type Entry, measure, type Paces, type Rules } from './measure.js';

/** A runner's program whose runs take its first argument times the batch. */
const program = `
import { createInterface } from 'node:readline';
const [kind, milliseconds] = process.argv[2].split(':');
const given = process.argv.indexOf('--batch');
const batch = given < 0 ? 2 : Number(process.argv[given + 1]);
const say = (answer) => console.log(JSON.stringify(answer));
console.log('a library says hello');
if (kind === 'crash') { console.error('out of memory'); process.exit(3); }
say({ baseline: 10 });
for await (const line of createInterface({ input: process.stdin })) {
  if (kind === 'missing') say({ error: "Kernel 'Sparkle' not registered for backend 'wasm'" });
  else {
    const time = milliseconds * batch;
    await new Promise((resolve) => setTimeout(resolve, time));
    say({ milliseconds: time, processor: 3 * batch, runs: 1, peak: 30, values: [1] });
  }
}`;

const subject = cases.find(({ name }) => name === 'tiny')!;
const rules: Rules = { rounds: 3, limits: { stock: 1, other: 60 }, atLeast: 0 };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runners-'));
  writeFileSync(join(folder, 'runner.mjs'), program);
});
afterAll(() => rmSync(folder, { recursive: true }));

const runner = (behaviour: string, stock = false): Runner => ({
  name: behaviour,
  stock,
  torch: false,
  program: [process.execPath, join(folder, 'runner.mjs'), behaviour],
});
async function entryOf(one: Runner, task: TaskName = 'forward', paces: Paces = new Map()): Promise<Entry> {
  const [entry] = await measure(subject, task, [one], 'inputs', rules, paces);
  return entry!;
}

it('has a time for each round, the memory, and what was computed', async () => {
  expect(await entryOf(runner('steady:5'))).toEqual({
    runner: 'steady:5',
    times: [10, 10, 10],
    processor: [6, 6, 6],
    others: [expect.any(Number), expect.any(Number), expect.any(Number)],
    batch: 2,
    status: 'measured',
    memory: { baseline: 10, peak: 30 },
    values: [1],
  });
});

it('measures one sample of what is too slow for a batch, and says so', async () => {
  const entry = await entryOf(runner('slow:700', true));
  expect(entry).toMatchObject({ status: 'measured', batch: 1, note: 'times of a batch of 1, times 2' });
  // A second one would be over the limit, and the values are those of other samples.
  expect(entry.times).toEqual([1400]);
  expect(entry.values).toBeUndefined();
});

it('gives up what is too slow even so, and tries nothing that costs more', async () => {
  const paces: Paces = new Map();
  const slow = runner('slow:5000', true);
  expect(await entryOf(slow, 'forward', paces)).toMatchObject({
    status: 'slow',
    times: [],
    note: 'over 1 s for a batch of 1',
  });
  const begun = performance.now();
  expect(await entryOf(slow, 'pgd-both', paces)).toMatchObject({
    status: 'slow',
    note: 'about 40 s expected for a batch of 1, the limit being 1 s',
  });
  expect(performance.now() - begun).toBeLessThan(500);
});

it('names a kernel that is missing, and how a program ended', async () => {
  expect(await entryOf(runner('missing'))).toMatchObject({
    status: 'missing',
    note: 'it has no kernel Sparkle',
  });
  expect(await entryOf(runner('crash'))).toMatchObject({
    status: 'failed',
    note: 'it ended with 3: out of memory',
  });
});

it('continues with the others when one fails', async () => {
  const both = [runner('missing'), runner('steady:5')];
  const entries = await measure(subject, 'forward', both, 'inputs', rules, new Map());
  expect(entries.map(({ times }) => times.length)).toEqual([0, 3]);
});
