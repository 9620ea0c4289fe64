import { ReportError } from '../errors.js';
import type { WeightSums } from '../evaluation/modalityWeights.js';
import {
  type ReportConfig,
  type ReportData,
  RobustnessReport,
  type SampleOutcomes,
} from './robustnessReport.js';

/**
 * Joins the reports of all shards of an evaluation; the result equals that of an evaluation in one piece.
 * @param reports one for each shard, in any order
 * @param options baseline: the undefended model's whole report, for RI
 * @throws {ReportError} when a shard is missing or there twice, or the parts are of different evaluations
 */
export function mergeReports(
  reports: readonly RobustnessReport[],
  options: { baseline?: RobustnessReport } = {},
): RobustnessReport {
  const parts = reports.map(({ data }) => data);
  const ordered = inOrder(parts);
  const { config } = ordered[0]!;
  const samples = interleave(
    ordered.map((part) => part.samples),
    config.batchSize,
  );
  const duplicate = samples.ids.find((id, i) => samples.ids.indexOf(id) !== i);
  if (duplicate !== undefined) throw new ReportError(`sample ${duplicate} is in the parts twice`);
  if (samples.ids.length !== config.samples) {
    throw new ReportError(`the parts hold ${samples.ids.length} samples, the test set has ${config.samples}`);
  }
  const weights = ordered.map((part) => part.weights);
  const checks = ordered.find((part) => part.checks)?.checks;
  return new RobustnessReport(
    {
      config,
      shards: [{ index: 0, count: 1 }],
      samples,
      ...(weights.every((sums) => sums !== undefined) && { weights: weights.reduce(addSums) }),
      ...(checks && { checks }),
      seconds: ordered.reduce((sum, { seconds }) => sum + seconds, 0),
    },
    options.baseline,
  );
}

function inOrder(parts: readonly ReportData[]): ReportData[] {
  const [first] = parts;
  if (!first) throw new ReportError('expected the reports of all shards, got none');
  const count = first.shards[0]!.count;
  const places: ReportData[] = [];
  for (const part of parts) {
    const [shard] = part.shards;
    if (shard!.count !== count) {
      throw new ReportError(`one part is shard ${shard!.index} of ${shard!.count}, another one of ${count}`);
    }
    const [differing] = (Object.keys({ ...first.config, ...part.config }) as (keyof ReportConfig)[]).filter(
      (name) => JSON.stringify(part.config[name]) !== JSON.stringify(first.config[name]),
    );
    if (differing) {
      throw new ReportError(
        `shard ${shard!.index} was evaluated with other settings: ${differing} ` +
          `${JSON.stringify(part.config[differing])} instead of ${JSON.stringify(first.config[differing])}`,
      );
    }
    if (places[shard!.index]) throw new ReportError(`shard ${shard!.index} is there twice`);
    places[shard!.index] = part;
  }
  const missing = [...Array(count).keys()].filter((index) => !places[index]);
  if (missing.length > 0) throw new ReportError(`shards ${missing.join(', ')} of ${count} are missing`);
  return places;
}

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
