import { duration } from '@amr/example-jobs';
import { Document, isScalar, visit } from 'yaml';
import type { Run } from '../run.js';
import { originText } from '../settings/settingsError.js';
import type { DryRun } from './planRun.js';

/** A dry run for a terminal: the settings and where each comes from, then tables. */
export function describe(result: DryRun, { origin }: Pick<Run, 'origin'>): string {
  const { clips, disk, networks, time, peakMemory } = result;
  const counted = clips.prepared ? 'as prepared' : 'as published; nothing is prepared yet';
  const lines = [
    `# ${result.preset} on ${result.data}, ${result.split}`,
    annotated(result, origin),
    `clips     ${clips.train} to train on, ${clips.test} to test on, ${clips.classes} classes (${counted})`,
    `disk      ${bytes(disk)} of prepared data in ${result.prepared}`,
    `backend   ${result.backend}`,
    '',
    ...table([
      ['network', 'parameters', 'multiply-adds', 'weights', 'optimizer', 'activations', 'memory'],
      ...Object.entries(networks).map(([name, { parameters, multiplyAdds, memory }]) => [
        name,
        `${(parameters / 1e6).toFixed(2)} M`,
        `${(multiplyAdds / 1e9).toFixed(2)} G`,
        bytes(memory.weights),
        bytes(memory.optimizer),
        bytes(memory.activations),
        bytes(memory.total),
      ]),
    ]),
    'Multiply-adds are those of one clip, forward. Activations are an estimate for a batch, forward and backward.',
  ];
  if (peakMemory !== undefined) {
    lines.push(
      `Peak memory of this process during the measurements: ${bytes(peakMemory)}, without that of a GPU.`,
    );
  }
  if (time) lines.push('', ...speeds(result), '', ...times(time));
  return `${lines.join('\n')}\n`;
}

function speeds({ networks }: DryRun): string[] {
  const milliseconds = (seconds: number | undefined) =>
    seconds === undefined ? '' : `${(1000 * seconds).toPrecision(3)} ms`;
  const conditions = Object.keys(
    Object.values(networks).find(({ measured }) => measured?.gradient)?.measured?.gradient ?? {},
  );
  return [
    ...table([
      [
        'a clip',
        'batch',
        'training',
        'its attack step',
        'forward',
        ...conditions.map((name) => `attack ${name}`),
      ],
      ...Object.entries(networks).map(([name, { measured }]) => [
        name,
        `${measured!.batch}`,
        milliseconds(measured!.train),
        milliseconds(measured!.attackStep),
        milliseconds(measured!.forward),
        ...conditions.map((condition) => milliseconds(measured!.gradient?.[condition])),
      ]),
    ]),
    'Measured on clips of noise, in batches of so many clips.',
  ];
}

function times({ parts, seconds }: NonNullable<DryRun['time']>): string[] {
  return [
    ...table([
      ['stage', 'network', 'time'],
      ...parts.map((part) => [part.stage, part.network, duration(part.seconds)]),
      ['all', '', duration(seconds)],
    ]),
    'For all seeds, one after the other on this machine, without preparing data. Attacks are counted as if no clip fell',
    'before their end: networks without a defence take a small part of that.',
  ];
}

/** The settings as YAML, with the file and line of each value. */
function annotated({ settings }: DryRun, origin: Run['origin']): string {
  const document = new Document(settings);
  visit(document, {
    Pair(_, pair, ancestors) {
      const names = [...ancestors, pair].flatMap((node) => {
        const key = (node as { key?: unknown }).key;
        return isScalar(key) ? [String(key.value)] : [];
      });
      const found = origin(names.join('.'));
      if (found && isScalar(pair.value)) pair.value.comment = ` ${originText(found)}`;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** 1.5 GB, 20 MB. */
function bytes(count: number): string {
  const [unit, size] = count >= 1e9 ? ['GB', 1e9] : count >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  const value = count / (size as number);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** Aligned columns: the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
