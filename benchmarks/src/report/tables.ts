import type { Agreement } from '../measure/agreement.js';
import type { Entry } from '../measure/measure.js';
import type { Results, Row } from '../measure/results.js';
import { ratioOf, type Spread, spreadOf } from '../measure/statistics.js';
import { type Task, tasks } from '../networks/tasks.js';

/** A table: a heading, a title for each column, rows of as many cells. */
export interface Table {
  heading: string;
  columns: string[];
  rows: string[][];
}

/** The backends that are this project's, and those that they are measured against besides PyTorch. */
const ours = ['onnx', 'onnx-1', 'wasm', 'wasm-threads', 'webgpu'];
const stock = ['wasm-stock', 'cpu'];

/** The tables of a run: time, ratios, memory. */
export function tablesOf(results: Results): Table[] {
  const { runners, reference, rows } = results;
  const table = (heading: string, columns: string[], cells: (row: Row) => string[]): Table => ({
    heading,
    columns: ['network', 'task', ...columns],
    rows: rows.map((row) => [networkOf(row), taskOf(row), ...cells(row)]),
  });
  const pairs = pairsOf(runners, reference);
  const byRunner = (cell: (entry: Entry | undefined, row: Row) => string) => (row: Row) =>
    runners.map((name) => cell(entryOf(row, name), row));
  return [
    table('Milliseconds, median (min to max)', runners, byRunner(timeCell)),
    ...(pairs.length > 0
      ? [
          table(
            'Ratios of times in the same round, median (min to max)',
            pairs.map(([one, other]) => `${one} / ${other}`),
            (row) => pairs.map(([one, other]) => ratioCell(entryOf(row, one), entryOf(row, other))),
          ),
        ]
      : []),
    table('Peak memory of the process in MiB (before the network)', runners, byRunner(memoryCell)),
  ];
}

/** Pairs of runners to divide: each by the reference, and the stock backends by ours. */
export function pairsOf(runners: readonly string[], reference?: string): [string, string][] {
  const mine = ours.filter((name) => runners.includes(name));
  const theirs = stock.filter((name) => runners.includes(name));
  const toReference = reference === undefined ? [] : mine.map((name): [string, string] => [name, reference]);
  const main = mine.filter((name) => name === 'onnx' || name === 'wasm');
  return [...toReference, ...main.flatMap((name) => theirs.map((other): [string, string] => [other, name]))];
}

/** The tables in Markdown, after a description of the machine. */
export function markdownOf(results: Results): string {
  const tables = tablesOf(results).map(({ heading, columns, rows }) =>
    [
      `**${heading}**`,
      '',
      line(columns),
      line(columns.map((_, i) => (i < 2 ? '---' : '---:'))),
      ...rows.map(line),
    ].join('\n'),
  );
  const notes = notesOf(results);
  return `${[
    `${Object.entries(results.about)
      .map(([what, value]) => `${what} ${value}`)
      .join('; ')}. ${results.rounds} ${results.rounds === 1 ? 'round' : 'rounds'}.`,
    ...tables,
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
  ].join('\n\n')}\n`;
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** Notes to the tables: absent runners, what was not measured and why, wrong results. */
export function notesOf({ absent, rows }: Results): string[] {
  return [
    ...Object.entries(absent).map(([name, why]) => `${name}: not measured, ${why}`),
    ...unrestNotes(rows),
    ...rows.flatMap((row) => [
      ...row.entries
        .filter(({ note }) => note !== undefined)
        .map(({ runner, note }) => `${titleOf(row)}, ${runner}: ${note}`),
      ...disagreements(row).map((text) => `${titleOf(row)}: ${text}`),
    ]),
  ];
}

/** From this share of the processors on, other programs change times and ratios. */
const BUSY = 0.05;
/** Rounds of one runner that differ by more than this factor don't come from an idle machine. */
const UNREST = 1.1;

/** Why the figures may not be trusted: other programs ran, or a runner's rounds differ. None for an idle machine. */
function unrestNotes(rows: readonly Row[]): string[] {
  const load = Math.max(0, ...rows.flatMap(({ entries }) => entries.flatMap(({ others }) => others)));
  const restless = rows.flatMap((row) =>
    row.entries
      .filter(({ times }) => times.length > 1)
      .map(({ runner, times }) => {
        const { min, max } = spreadOf(times);
        return { title: `${titleOf(row)}, ${runner}`, factor: max / min };
      })
      .filter(({ factor }) => factor > UNREST),
  );
  return [
    ...(load > BUSY
      ? [
          `The machine was not idle: other programs used up to ${(100 * load).toFixed(0)} % of the processors during a round. Don't publish these ratios.`,
        ]
      : []),
    ...(restless.length > 0
      ? [
          `Rounds of one and the same runner differ by more than ${Math.round(100 * (UNREST - 1))} %: ${restless
            .map(({ title, factor }) => `${title} (${factor.toFixed(2)} times)`)
            .join('; ')}.`,
        ]
      : []),
  ];
}

function disagreements({ agreement }: Row): string[] {
  if (!agreement) return [];
  const { differences, tolerance, wrong, with: right } = agreement;
  return wrong.map(
    (name) =>
      `results of ${name} and ${right} differ by ${differences[name]!.toExponential(1)} of the ${unitOf(tolerance)}, more than ${tolerance.max}`,
  );
}

/** The lines of a task while the benchmark runs: each runner's time, its ratio to the reference, its memory. */
export function linesOf(row: Row, reference?: string): string[] {
  const against = row.entries.find(({ runner }) => runner === reference);
  const { agreement } = row;
  return [
    `${taskOf(row)}${agreement ? `: ${agreementText(agreement)}` : ''}`,
    ...row.entries.map((entry) => {
      const ratio = entry === against ? '' : ratioCell(entry, against);
      const cells = [timeCell(entry, row).padStart(26), ratio.padStart(24), memoryCell(entry).padStart(14)];
      return `  ${entry.runner.padEnd(12)}${cells.join('')}${entry.note ? `  ${entry.note}` : ''}`;
    }),
    ...disagreements(row).map((text) => `  ${text}`),
  ];
}

/** The titles over {@link linesOf}. */
export function lineTitles(reference?: string): string {
  const titles = [
    'ms'.padStart(26),
    (reference ? `/ ${reference}` : '').padStart(24),
    'MiB (before)'.padStart(14),
  ];
  return `  ${''.padEnd(12)}${titles.join('')}`;
}

/** Differences of correct results; wrong ones have separate lines. */
function agreementText({ differences, tolerance, wrong, with: right }: Agreement): string {
  const agreeing = Object.keys(differences).filter((name) => !wrong.includes(name));
  const most = Math.max(...agreeing.map((name) => differences[name]!));
  return agreeing.length > 0
    ? `results of ${agreeing.join(', ')} differ from those of ${right} by ${most.toExponential(1)} of the ${unitOf(tolerance)} at most`
    : '';
}

const unitOf = ({ measure }: Agreement['tolerance']) => (measure === 'length' ? 'length' : 'largest value');
const networkOf = ({ case: { title, batch } }: Row) => `${title}, batch of ${batch}`;
const taskOf = ({ task }: Row) => (tasks[task] as Task).title;
const titleOf = (row: Row) => `${networkOf(row)}, ${taskOf(row)}`;

function entryOf({ entries }: Row, name: string): Entry | undefined {
  return entries.find(({ runner }) => runner === name);
}

function timeCell(entry: Entry | undefined, { agreement }: Row): string {
  if (!entry) return '';
  if (entry.times.length === 0) {
    return { slow: 'too slow', missing: 'missing', failed: 'failed', measured: '' }[entry.status];
  }
  const wrong = agreement?.wrong.includes(entry.runner) ? ', wrong' : '';
  return `${spreadText(spreadOf(entry.times))}${wrong}`;
}

function ratioCell(one: Entry | undefined, other: Entry | undefined): string {
  const ratio = one && other && ratioOf(one.times, other.times);
  return ratio ? spreadText(ratio) : '';
}

function memoryCell(entry: Entry | undefined): string {
  if (!entry?.memory) return '';
  const { baseline, peak, device } = entry.memory;
  const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
  return `${mebibytes(peak)} (${mebibytes(baseline)})${device ? ` + ${mebibytes(device)} on the device` : ''}`;
}

function spreadText({ median, min, max }: Spread): string {
  return min === max ? figures(median) : `${figures(median)} (${figures(min)} to ${figures(max)})`;
}

/** Three figures, without an exponent. */
export function figures(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
