// The benchmark of networks: `pnpm bench networks`; --help shows the options, README.md what it measures and how.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@amr/backend';
import { multiplyAdds } from '@amr/encoders';
import { agreementOf } from './measure/agreement.js';
import { measure, type Paces } from './measure/measure.js';
import type { Results } from './measure/results.js';
import { TimeLeft } from './measure/timeLeft.js';
import { type Case, cases } from './networks/cases.js';
import { help, OptionError, type Options, optionsOf } from './networks/options.js';
import { writeSharedInputs } from './networks/sharedInputs.js';
import { type Task, type TaskName, tasks } from './networks/tasks.js';
import { machine } from './report/machine.js';
import { linesOf, lineTitles, markdownOf, notesOf, tablesOf } from './report/tables.js';
import { Child } from './runners/child.js';
import { commandOf, type Runner, referenceIn, runnersOf } from './runners/runners.js';

/** Longest run of a backend that isn't stock, in seconds: a longer one counts as hanging. */
const PATIENCE = 900;
/** Short runs are repeated in each round until they have taken so many milliseconds. */
const AT_LEAST = 300;

try {
  const options = optionsOf(process.argv.slice(2));
  if (options) process.exitCode = await run(options);
  else console.log(help);
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function run(options: Options): Promise<number> {
  const results: Results = {
    benchmark: 'networks',
    date: new Date().toISOString(),
    about: machine(),
    runners: [],
    absent: {},
    rounds: options.rounds,
    rows: [],
  };
  const present = await those(options, results);
  const reference = referenceIn(present)?.name;
  results.runners = present.map(({ name }) => name);
  if (reference) results.reference = reference;
  for (const [what, value] of Object.entries(results.about)) console.log(`${what}: ${value}`);
  for (const [name, why] of Object.entries(results.absent)) console.log(`${name} is not measured: ${why}`);
  if (present.length === 0) throw new OptionError('There is no runner left to measure.');

  const folder = mkdtempSync(join(tmpdir(), 'networks-'));
  try {
    await measureAll(options, present, folder, results);
  } finally {
    rmSync(folder, { recursive: true });
    if (options.json) appendFileSync(options.json, `${JSON.stringify(results, withoutValues)}\n`);
  }
  for (const { heading, columns, rows } of tablesOf(results)) {
    console.log(`\n${heading}`);
    const widths = columns.map((_, i) => Math.max(...[columns, ...rows].map((cells) => cells[i]!.length)));
    for (const cells of [columns, ...rows]) {
      console.log(
        cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
      );
    }
  }
  const notes = notesOf(results);
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
  if (options.markdown) writeFileSync(options.markdown, markdownOf(results));
  // Stock kernels are known to be wrong in some cases; any other wrong result makes the times worthless.
  const stock = present.filter((runner) => runner.stock).map(({ name }) => name);
  const wrong = results.rows.flatMap(({ agreement }) => agreement?.wrong ?? []);
  return wrong.every((name) => stock.includes(name)) ? 0 : 1;
}

/** The runners that are available here; the results say why the others aren't. */
async function those(options: Options, { about, absent }: Results): Promise<Runner[]> {
  const present: Runner[] = [];
  for (const runner of runnersOf(options)) {
    const child = new Child(commandOf(runner));
    try {
      Object.assign(about, (await child.ready(120)).about);
      present.push(runner);
    } catch (error) {
      absent[runner.name] = (error as Error).message;
    } finally {
      child.end();
    }
  }
  return present;
}

async function measureAll(
  options: Options,
  runners: readonly Runner[],
  folder: string,
  results: Results,
): Promise<void> {
  await useBackend({ backend: 'cpu' });
  const chosen = cases.filter(({ name }) => options.cases.includes(name));
  const jobs: { subject: Case; names: TaskName[]; cost: number }[] = [];
  for (const subject of chosen) {
    const model = subject.build();
    const names = subject.tasks.filter((task) => options.tasks.includes(task));
    const cost = multiplyAdds(model);
    model.dispose();
    if (names.length > 0) jobs.push({ subject, names, cost });
  }
  if (jobs.length === 0) throw new OptionError('--tasks: none of them is one of the cases chosen.');
  const passesOf = (name: TaskName) => (tasks[name] as Task).passes;
  const left = new TimeLeft(
    jobs.flatMap(({ subject, names, cost }) => names.map((name) => cost * subject.batch * passesOf(name))),
  );

  for (const { subject, names, cost } of jobs) {
    const inputs = join(folder, `${subject.name}.safetensors`);
    const model = subject.build();
    await writeSharedInputs(inputs, subject, model);
    model.dispose();
    const paces: Paces = new Map();
    console.log(`\n${subject.title}, ${(cost / 1e9).toFixed(3)} G multiply-adds a sample`);
    console.log(lineTitles(results.reference));
    for (const task of names) {
      process.stderr.write(`${left.text()} ${subject.title}: ${tasks[task].title}\n`);
      const limits = { stock: options.limit, other: PATIENCE };
      const rules = { rounds: options.rounds, limits, atLeast: AT_LEAST };
      const entries = await measure(subject, task, runners, inputs, rules, paces);
      const agreement = agreementOf(task, entries, results.reference);
      const { name, title, batch } = subject;
      const row = { case: { name, title, batch, multiplyAdds: cost }, task, entries, agreement };
      results.rows.push(row);
      for (const line of linesOf(row, results.reference)) console.log(line);
      left.done();
    }
    rmSync(inputs);
  }
}

/** Leaves out the compared values, which are of no further use. */
function withoutValues(key: string, value: unknown): unknown {
  return key === 'values' ? undefined : value;
}
