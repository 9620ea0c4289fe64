import type { Case } from '../networks/cases.js';
import { type Task, type TaskName, tasks } from '../networks/tasks.js';
import { Child, TooSlow } from '../runners/child.js';
import type { Ran, Ready } from '../runners/protocol.js';
import { commandOf, type Runner } from '../runners/runners.js';
import { loadOfOthers, processorTime } from './otherLoad.js';

/** The result of a runner in a task. */
export interface Entry {
  /** Name of the runner. */
  runner: string;
  /** Milliseconds of a run, by round; empty where it was not measured. */
  times: number[];
  /** The processor time: busy machines change it less, and it shows how many cores are used. */
  processor: number[];
  /** Share of the processors that other programs used meanwhile, from 0 to 1, by round. */
  others: number[];
  /** The batch that was run. Where it is not the case's, times are those of the case's batch at the same speed. */
  batch: number;
  /** Why it was not measured, or a note on how. */
  note?: string;
  /** The text in tables instead of a time. */
  status: 'measured' | 'missing' | 'slow' | 'failed';
  /** Bytes: before the network, at peak, and on a device with its own memory. */
  memory?: { baseline: number; peak: number; device?: number };
  /** Some of the computed values, for comparison. */
  values?: number[];
}

/** How a run is measured. */
export interface Rules {
  rounds: number;
  /** Seconds for a run of a stock backend, and for one of any other. */
  limits: { stock: number; other: number };
  /** Short runs are repeated in a round until they have taken so many milliseconds. */
  atLeast: number;
}

/** Milliseconds per pass and sample of runners, from the earlier tasks of a case. */
export type Paces = Map<string, number>;

/** A runner whose program is ready. */
interface Measured {
  runner: Runner;
  child: Child;
  entry: Entry;
  ready: Ready;
  /** Milliseconds spent in rounds. */
  spent: number;
}

/**
 * Measures a task: each runner in its own process, so that its peak memory is that of this task, and all of them in turn in
 * each round, so that a busy machine affects all alike.
 */
export async function measure(
  subject: Case,
  task: TaskName,
  runners: readonly Runner[],
  inputs: string,
  rules: Rules,
  paces: Paces,
): Promise<Entry[]> {
  const measured: Measured[] = [];
  const entries: Entry[] = [];
  try {
    for (const runner of runners) {
      const prepared = await prepare(subject, task, runner, inputs, rules, paces);
      entries.push(prepared.entry);
      if (prepared.child) measured.push(prepared as Measured);
    }
    for (let round = 0; round < rules.rounds; round++) {
      for (const one of measured) await takeTurn(one, subject, rules);
    }
  } finally {
    for (const { child } of measured) child.end();
  }
  for (const { runner, times } of entries) {
    if (times.length > 0) paces.set(runner, Math.min(...times) / subject.batch / tasks[task].passes);
  }
  return entries;
}

const START_SECONDS = 300;

/** Starts a runner and runs it untimed; a stock backend that takes too long for that, with one sample only. */
async function prepare(
  subject: Case,
  name: TaskName,
  runner: Runner,
  inputs: string,
  rules: Rules,
  paces: Paces,
): Promise<Partial<Measured> & { entry: Entry }> {
  const task: Task = tasks[name];
  const seconds = runner.stock ? rules.limits.stock : rules.limits.other;
  const pace = paces.get(runner.name);
  const expected = (batch: number) => ((pace ?? 0) * batch * task.passes) / 1000;
  const batches = runner.stock && name !== 'epoch' ? [subject.batch, 1] : [subject.batch];
  let entry = entryOf(runner, subject.batch);
  for (const batch of batches) {
    entry = entryOf(runner, batch);
    const tooLong = expected(batch);
    if (runner.stock && tooLong > seconds) {
      entry.status = 'slow';
      entry.note = `about ${Math.round(tooLong)} s expected for a batch of ${batch}, the limit being ${seconds} s`;
      continue;
    }
    const job = { case: subject.name, task: name, inputs, ...(batch === subject.batch ? {} : { batch }) };
    const child = new Child(commandOf(runner, job));
    try {
      const ready = await child.ready(START_SECONDS);
      const first = await child.ask({ atLeast: 0, compare: true }, seconds);
      // A second run, for what is compiled or laid out during the first.
      const last =
        first.milliseconds < 2000
          ? await child.ask({ atLeast: rules.atLeast, compare: false }, seconds)
          : first;
      entry.values = batch === subject.batch ? first.values : undefined;
      remember(entry, ready, last);
      if (batch !== subject.batch) entry.note = `times of a batch of ${batch}, times ${subject.batch}`;
      return { runner, child, entry, ready, spent: 0 };
    } catch (error) {
      child.end();
      Object.assign(entry, failureOf(error as Error, batch));
      if (entry.status !== 'slow') break;
      // More expensive tasks needn't be tried.
      paces.set(runner.name, Math.max(pace ?? 0, (1000 * seconds) / batch / task.passes));
    }
  }
  return { entry };
}

async function takeTurn(one: Measured, subject: Case, rules: Rules): Promise<void> {
  const { runner, child, entry, ready } = one;
  const seconds = runner.stock ? rules.limits.stock : rules.limits.other;
  const usual = one.spent / Math.max(1, entry.times.length);
  if (entry.status !== 'measured') return;
  // A slow runner is measured once or twice: its ratio needn't be known to a percent.
  if (runner.stock && entry.times.length > 0 && one.spent + usual > 1000 * seconds) return;
  try {
    const before = processorTime();
    const ran = await child.ask({ atLeast: rules.atLeast, compare: false }, 2 * seconds);
    entry.others.push(loadOfOthers(before, processorTime(), ran.processor * ran.runs));
    one.spent += ran.milliseconds * ran.runs;
    entry.times.push((ran.milliseconds * subject.batch) / entry.batch);
    entry.processor.push((ran.processor * subject.batch) / entry.batch);
    remember(entry, ready, ran);
  } catch (error) {
    child.end();
    Object.assign(entry, failureOf(error as Error, entry.batch), { times: [], processor: [], others: [] });
  }
}

const entryOf = ({ name }: Runner, batch: number): Entry => ({
  runner: name,
  times: [],
  processor: [],
  others: [],
  batch,
  status: 'measured',
});

function remember(entry: Entry, { baseline }: Ready, { peak, device }: Ran): void {
  entry.memory = { baseline, peak, ...(device ? { device } : {}) };
}

function failureOf(error: Error, batch: number): Pick<Entry, 'status' | 'note'> {
  if (error instanceof TooSlow) return { status: 'slow', note: `${error.message} for a batch of ${batch}` };
  const kernel = /Kernel '(\w+)' not registered/.exec(error.message)?.[1];
  if (kernel) return { status: 'missing', note: `it has no kernel ${kernel}` };
  return { status: 'failed', note: error.message.split(/\n|(?<=\.) /, 1)[0] };
}
