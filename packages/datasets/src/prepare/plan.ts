import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../datasetError.js';
import { manifestSchema } from '../prepared/manifest.js';
import { type StoredModalities, sampleBytes } from '../prepared/shardFile.js';
import type { ListedSample, Listing } from '../source/sourceFormat.js';

/** Limit of samples in a shard, whatever its size: readers keep a shard's head in memory, and a stopped run should lose little. */
const MAX_SAMPLES = 512;

/** A shard to write: the samples from `from` up to, and without, `to`, and a hash of all that its bytes depend on. */
export interface PlannedShard {
  number: number;
  from: number;
  to: number;
  key: string;
}

const planSchema = manifestSchema
  .pick({ dataset: true, classes: true, modalities: true, splits: true, options: true, leftOut: true })
  .extend({
    format: z.literal('amr-prepare-plan'),
    version: z.literal(1),
    name: z.string(),
    shardBytes: z.int().positive(),
    /** For each shard its number of samples, and the hash of all that its bytes depend on. */
    shards: z.array(z.object({ samples: z.int().positive(), key: z.string() })).min(1),
  });

/** Content of `plan.json` in the folder of a preparation. Every process that works on the folder computes the same. */
export type PlanFile = z.infer<typeof planSchema>;

/** `00012.safetensors`, `00012.json`. */
export const shardName = (number: number): string => String(number).padStart(5, '0');

/**
 * Which samples go to which shard: in order, evenly, at most `shardBytes` or 512 samples to each. The plan depends on nothing
 * but the arguments and the sizes of the files, so that processes on several machines need no communication.
 */
export async function planShards(
  name: string,
  listing: Listing,
  options: unknown,
  shardBytes: number,
): Promise<{ file: PlanFile; shards: PlannedShard[] }> {
  const { samples, dataset, classes, modalities, splits, skipped } = listing;
  const perShard = Math.max(1, Math.min(MAX_SAMPLES, Math.floor(shardBytes / bytesOf(modalities))));
  const count = Math.ceil(samples.length / perShard);
  const size = Math.ceil(samples.length / count);
  const sizes = await fileSizes(samples);
  const shards: PlannedShard[] = [];
  for (let from = 0; from < samples.length; from += size) {
    const to = Math.min(from + size, samples.length);
    const content = samples
      .slice(from, to)
      .map((sample) => [sample, Object.values(sample.files).map((file) => sizes.get(file))]);
    const key = hash([1, name, options, dataset, modalities, content]);
    shards.push({ number: shards.length, from, to, key });
  }
  const file = plainData({
    format: 'amr-prepare-plan',
    version: 1,
    name,
    dataset,
    classes,
    modalities,
    splits,
    options,
    leftOut: skipped,
    shardBytes,
    shards: shards.map(({ from, to, key }) => ({ samples: to - from, key })),
  });
  return { file: file as PlanFile, shards };
}

/**
 * The plan of an earlier run into this folder; undefined when there was none.
 * @throws {DatasetError} when `plan.json` is not a plan
 */
export async function readPlan(out: string): Promise<PlanFile | undefined> {
  const file = join(out, 'plan.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return planSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DatasetError(
      'got another kind of file; expected a plan of this version. Prepare into another folder, or delete this one.',
      {
        file,
        cause,
      },
    );
  }
}

/**
 * Checks that two runs into the same folder have the same options. Their files may differ: changed files are found shard by
 * shard.
 * @throws {DatasetError} that names the first difference
 */
export function checkSamePlan(earlier: PlanFile, now: PlanFile, out: string): void {
  const settings = ({ name, dataset, options, shardBytes, classes, modalities, splits }: PlanFile) => ({
    format: name,
    dataset,
    options,
    shardBytes,
    classes,
    modalities,
    splits,
  });
  const difference = firstDifference(settings(earlier), settings(now));
  if (!difference) return;
  const [path, before, after] = difference;
  throw new DatasetError(
    `${path}: got ${JSON.stringify(after)}; expected ${JSON.stringify(before)}, as in the run that started this folder. ` +
      `Use the same options, prepare into another folder, or delete this folder to start again.`,
    { file: out },
  );
}

function firstDifference(a: unknown, b: unknown, path = ''): [string, unknown, unknown] | undefined {
  if (a === b) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b || Array.isArray(a) || Array.isArray(b)) {
    return canonical(a) === canonical(b) ? undefined : [path, a, b];
  }
  const [before, after] = [a, b] as { [key: string]: unknown }[];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = firstDifference(before![key], after![key], path ? `${path}.${key}` : key);
    if (found) return found;
  }
  return undefined;
}

/** Bytes of one sample of these modalities. */
export const bytesOf = (modalities: StoredModalities): number =>
  Object.values(modalities).reduce((sum, modality) => sum + sampleBytes(modality), 0);

/** The size of each file; null for a missing one, which is reported when it is read. */
async function fileSizes(samples: readonly ListedSample[]): Promise<Map<string, number | null>> {
  const files = [...new Set(samples.flatMap((sample) => Object.values(sample.files)))];
  const sizes = new Map<string, number | null>();
  const lane = async () => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      sizes.set(
        file,
        await stat(file).then(
          ({ size }) => size,
          () => null,
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  return sizes;
}

const hash = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');

/** JSON that doesn't depend on the order of keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** The value as it will be when it is read from JSON: without undefined values. */
const plainData = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
