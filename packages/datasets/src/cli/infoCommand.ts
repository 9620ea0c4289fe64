import { folderSource } from '../prepared/folderSource.js';
import { httpSource } from '../prepared/httpSource.js';
import type { Manifest } from '../prepared/manifest.js';
import { readManifest } from '../prepared/preparedShards.js';
import type { ShardSource } from '../prepared/shardSource.js';
import { partOfSplit } from '../source/splitRule.js';
import { byteText } from './progressLine.js';

/** The source of a folder of prepared shards, or of its address. */
export const sourceOf = (place: string): ShardSource =>
  /^https?:\/\//.test(place) ? httpSource(place) : folderSource(place);

/** Output of `amr-data info --json`. */
interface Info {
  dataset: string;
  samples: number;
  shards: number;
  bytes: number;
  skipped: number;
  damaged: number;
  modalities: Manifest['modalities'];
  /** Number of samples in each part of each split. */
  splits: { [split: string]: { train: number; test: number } };
  /** Number of samples of each class: in all, and in each part of each split. */
  classes: { name: string; samples: number; splits: { [split: string]: { train: number; test: number } } }[];
  options: unknown;
}

/** The content of a prepared folder, from its manifest only. */
export async function infoOf(place: string): Promise<Info> {
  const source = sourceOf(place);
  try {
    return countsOf(await readManifest(source));
  } finally {
    await source.close();
  }
}

function countsOf(manifest: Manifest): Info {
  const { dataset, counts, modalities, options } = manifest;
  const samples = manifest.shards.flatMap((shard) => shard.samples);
  const labelCounts = (positions: readonly number[]) => {
    const found = manifest.classes.map(() => 0);
    for (const position of positions) found[samples[position]!.label]!++;
    return found;
  };
  const all = labelCounts(samples.map((_, i) => i));
  const parts = Object.entries(manifest.splits).map(([split, rule]) => {
    const [train, test] = (['train', 'test'] as const).map((part) => partOfSplit(samples, rule, part));
    return {
      split,
      train: train!.length,
      test: test!.length,
      classes: { train: labelCounts(train!), test: labelCounts(test!) },
    };
  });
  return {
    dataset,
    samples: counts.samples,
    shards: counts.shards,
    bytes: manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    skipped: counts.leftOut,
    damaged: counts.damaged,
    modalities,
    splits: Object.fromEntries(parts.map(({ split, train, test }) => [split, { train, test }])),
    classes: manifest.classes.map((name, label) => ({
      name,
      samples: all[label]!,
      splits: Object.fromEntries(
        parts.map(({ split, classes }) => [
          split,
          { train: classes.train[label]!, test: classes.test[label]! },
        ]),
      ),
    })),
    options,
  };
}

/** The output of `amr-data info` without `--json`. */
export function infoText(info: Info): string {
  const { dataset, samples, shards, bytes, skipped, damaged, modalities, splits, classes } = info;
  const names = Object.keys(splits);
  const nonEmpty = classes.filter((one) => one.samples > 0);
  const empty = classes.length - nonEmpty.length;
  const table = [
    ['class', 'samples', ...names.flatMap((split) => [`${split} train`, 'test'])],
    ...nonEmpty.map(({ name, samples, splits }) => [
      name,
      samples,
      ...names.flatMap((split) => [splits[split]!.train, splits[split]!.test]),
    ]),
    ['all', samples, ...names.flatMap((split) => [splits[split]!.train, splits[split]!.test])],
  ].map((row) => row.map(String));
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const rows = table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  return [
    `${dataset}: ${samples} samples in ${shards} shards, ${byteText(bytes)}; ${skipped} skipped, ${damaged} damaged`,
    ...Object.entries(modalities).map(
      ([name, { kind, dtype, shape, unit }]) => `  ${name}: ${kind}, ${dtype} [${shape.join(', ')}], ${unit}`,
    ),
    '',
    ...rows,
    ...(empty > 0 ? [`${empty} classes have no samples`] : []),
  ].join('\n');
}
