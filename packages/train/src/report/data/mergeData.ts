import { formatValue } from '@amr/internal';
import { ReportError } from '../../errors.js';
import type { ReportConfig, ReportData, SampleOutcomes, WeightSums } from './reportData.js';

/**
 * Joins the shards of an evaluation.
 * @param parts one for each shard, in any order
 * @throws {ReportError} when a shard is missing or given twice, or the parts are of different evaluations
 */
export function mergeData(parts: readonly ReportData[]): ReportData {
  const ordered = inOrder(parts);
  const { config } = ordered[0]!;
  const samples = interleave(
    ordered.map((part) => part.samples),
    config.batchSize,
  );
  const duplicate = samples.ids.find((id, i) => samples.ids.indexOf(id) !== i);
  if (duplicate !== undefined) {
    throw new ReportError(`reports: got sample ${duplicate} twice; expected each sample in one shard only.`);
  }
  if (samples.ids.length !== config.samples) {
    throw new ReportError(
      `reports: got ${samples.ids.length} samples; expected the ${config.samples} of the test set.`,
    );
  }
  const weights = ordered.map((part) => part.weights);
  const checks = ordered.find((part) => part.checks)?.checks;
  return {
    config,
    shards: [{ index: 0, count: 1 }],
    samples,
    ...(weights.every((sums) => sums !== undefined) && { weights: weights.reduce(addSums) }),
    ...(checks && { checks }),
    ...mergeSkipped(ordered, samples.ids),
    seconds: ordered.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

/** The skipped samples of all parts, in the order of the test set. */
function mergeSkipped(parts: readonly ReportData[], ids: readonly string[]): Pick<ReportData, 'skipped'> {
  const skipped: NonNullable<ReportData['skipped']> = {};
  for (const part of parts) {
    for (const [condition, attacks] of Object.entries(part.skipped ?? {})) {
      skipped[condition] ??= {};
      for (const [attack, more] of Object.entries(attacks)) {
        const all = new Set([...(skipped[condition][attack] ?? []), ...more]);
        skipped[condition][attack] = ids.filter((id) => all.has(id));
      }
    }
  }
  return Object.keys(skipped).length > 0 ? { skipped } : {};
}

function inOrder(parts: readonly ReportData[]): ReportData[] {
  const [first] = parts;
  if (!first) throw new ReportError('reports: got none; expected the reports of all shards.');
  const count = first.shards[0]!.count;
  const ordered: ReportData[] = [];
  for (const part of parts) {
    const shard = part.shards[0]!;
    if (shard.count !== count) {
      throw new ReportError(
        `reports: got shard ${shard.index} of ${shard.count} among shards of ${count}; expected shards of one evaluation.`,
      );
    }
    checkSameConfig(part.config, first.config, shard.index);
    if (ordered[shard.index]) {
      throw new ReportError(`reports: got shard ${shard.index} twice; expected each shard once.`);
    }
    ordered[shard.index] = part;
  }
  const missing = [...Array(count).keys()].filter((index) => !ordered[index]);
  if (missing.length > 0) {
    throw new ReportError(
      `reports: shards ${missing.join(', ')} of ${count} are missing; expected all shards.`,
    );
  }
  return ordered;
}

function checkSameConfig(config: ReportConfig, expected: ReportConfig, shard: number): void {
  const names = Object.keys({ ...expected, ...config }) as (keyof ReportConfig)[];
  const name = names.find((key) => JSON.stringify(config[key]) !== JSON.stringify(expected[key]));
  if (name === undefined) return;
  throw new ReportError(
    `reports: shard ${shard} was evaluated with other settings, ${name}: got ${shown(config[name])}; expected ` +
      `${shown(expected[name])}. Evaluate all shards with the same settings.`,
  );
}

const shown = (value: ReportConfig[keyof ReportConfig]): string =>
  typeof value === 'object' ? JSON.stringify(value) : formatValue(value);

/** Shard i holds the batches i, i + count, i + 2 count, ... of the whole. */
function interleave(parts: readonly SampleOutcomes[], batchSize: number): SampleOutcomes {
  const weave = <T>(columns: readonly (readonly T[])[]): T[] => {
    const woven: T[] = [];
    const longest = Math.max(...columns.map((column) => column.length));
    for (let start = 0; start < longest; start += batchSize) {
      for (const column of columns) woven.push(...column.slice(start, start + batchSize));
    }
    return woven;
  };
  const conditions = Object.entries(parts[0]!.attacked);
  return {
    ids: weave(parts.map(({ ids }) => ids)),
    labels: weave(parts.map(({ labels }) => labels)),
    clean: weave(parts.map(({ clean }) => clean)),
    attacked: Object.fromEntries(
      conditions.map(([condition, attacks]) => [
        condition,
        Object.fromEntries(
          Object.keys(attacks).map((attack) => [
            attack,
            weave(parts.map(({ attacked }) => attacked[condition]![attack]!)),
          ]),
        ),
      ]),
    ),
  };
}

function addSums(a: WeightSums | undefined, b: WeightSums | undefined): WeightSums {
  const add = (x: { [name: string]: number }, y: { [name: string]: number }) =>
    Object.fromEntries(
      [...new Set([...Object.keys(x), ...Object.keys(y)])].map((name) => [
        name,
        (x[name] ?? 0) + (y[name] ?? 0),
      ]),
    );
  return {
    count: a!.count + b!.count,
    clean: add(a!.clean, b!.clean),
    attacked: Object.fromEntries(
      Object.entries(a!.attacked).map(([condition, attacks]) => [
        condition,
        Object.fromEntries(
          Object.entries(attacks).map(([attack, sums]) => [
            attack,
            add(sums, b!.attacked[condition]![attack]!),
          ]),
        ),
      ]),
    ),
  };
}
