import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from '@amr/internal/node';
import { DatasetError } from '../datasetError.js';
import type { DamagedSample, Manifest } from '../prepared/manifest.js';
import { formatOf, sourceFormats } from '../sets/formats.js';
import type { Listing, SourceFormat } from '../source/sourceFormat.js';
import { mergePrepared } from './mergePrepared.js';
import { bytesOf, checkSamePlan, type PlanFile, type PlannedShard, planShards, readPlan } from './plan.js';
import { readersHere, readersInThreads } from './sampleReaders.js';
import type { Share } from './shardOf.js';
import { readRecord } from './shardRecord.js';
import { writeShards } from './writeShards.js';

/** Where to and how {@link prepare} works. */
export interface PrepareOptions {
  /** The folder that the shards and their manifest go to; it is made when it is missing. */
  out: string;
  /** Threads that read samples; 0: none, samples are read in this one. Default: one for each core. */
  workers?: number;
  /** How large a shard may get, in bytes; it holds 512 samples at most. Default: 256 MB. */
  shardBytes?: number;
  /**
   * Which share of the shards is this process's: every `count`-th, from `index` on, where `index` counts from 0. The manifest
   * is made by {@link mergePrepared} then. Default: all of them.
   */
  shard?: Share;
  /** Whether samples that can't be read are listed in the manifest and left out, instead of ending the run. Default: false. */
  skipDamaged?: boolean;
  /** Called after every sample. */
  onProgress?: (progress: PrepareProgress) => void;
  /** Ends the run at once; shards that are finished are kept for the next run. */
  signal?: AbortSignal;
  /** Ends the run when the shards that are begun, two at most, are finished. */
  finish?: AbortSignal;
  /** Is told in a line what was found and what is done about it. Default: nothing is said. */
  log?: (line: string) => void;
}

/** How far a preparation is. */
export interface PrepareProgress {
  /** Samples that are done, damaged ones and those of earlier runs among them. */
  samples: number;
  /** Samples that are to be done by this process. */
  total: number;
  /** Samples of this run that could not be read. */
  damaged: number;
  /** Bytes of the samples that are done. */
  bytes: number;
  /** Seconds since reading began. */
  elapsed: number;
  /** Seconds that it will take from now on at this run's pace. */
  left: number;
  /** A file of the sample that was read last. */
  file: string;
}

/** What a preparation came to. */
export interface Prepared {
  /** Shards that are this process's. */
  shards: number;
  /** Samples in them. */
  samples: number;
  /** Samples that could not be read and were left out. */
  damaged: DamagedSample[];
  /** Shards that earlier runs had finished. */
  kept: number;
  /** What `manifest.json` says; null when only a share of the shards was prepared. */
  manifest: Manifest | null;
}

/**
 * Reads a data set's files and writes them as shards that {@link https://huggingface.co/docs/safetensors | safetensors}
 * readers understand, with a `manifest.json` that tells what they hold. Samples are read in threads; two shards are in memory
 * at most. Whatever ends a run, a kill or a loss of power too, the same call goes on from the shards that are finished:
 * each leaves a record beside it, `shards/00012.json`, made from `plan.json` and the names and sizes of its files. A shard
 * whose files changed is made again, and so are those with damaged samples once `skipDamaged` is false. The same files and
 * options give the same bytes, however many threads and processes work on them.
 * @param format a format by name, or an object; one that isn't known by its name is read in this thread
 * @param options the format's options
 * @param prepareOptions where to and how
 * @returns counts, what was left out, and the manifest
 * @throws {DatasetError} for options that can't be met, a folder that was begun with other options, and, unless `skipDamaged`
 * is true, for samples that can't be read: what is begun is finished, then the first ones are listed
 * @throws the reason of `signal` or `finish`, when one of them ended the run
 */
export async function prepare<Options>(
  format: SourceFormat<Options> | string,
  options: Options,
  prepareOptions: PrepareOptions,
): Promise<Prepared> {
  const { out, skipDamaged = false, signal, finish, log = () => {} } = prepareOptions;
  const {
    workers = availableParallelism(),
    shardBytes = 256e6,
    shard = { index: 0, count: 1 },
  } = prepareOptions;
  checkOptions(out, workers, shardBytes, shard);
  const source = formatOf(format) as SourceFormat;
  signal?.throwIfAborted();
  const listing = await source.list(options, signal);
  checkListing(listing, source.name);
  const { file: plan, shards } = await planShards(source.name, listing, options, shardBytes);
  const earlier = await readPlan(out);
  if (earlier) checkSamePlan(earlier, plan, out);
  // A manifest tells of a folder that is whole and of what is in its files now.
  const dropManifest = () => rm(join(out, 'manifest.json'), { force: true });
  if (JSON.stringify(earlier) !== JSON.stringify(plan)) {
    await dropManifest();
    await writeAtomically(join(out, 'plan.json'), `${JSON.stringify(plan)}\n`);
  }

  const own = shards.filter(({ number }) => number % shard.count === shard.index);
  const records = await Promise.all(own.map(({ number, key }) => readRecord(out, number, key)));
  // Without skipDamaged nothing may stay left out that could be read now.
  const isKept = own.map(
    (_, i) => records[i] !== undefined && (skipDamaged || records[i].damaged.length === 0),
  );
  const todo = own.filter((_, i) => !isKept[i]);
  const kept = own.length - todo.length;
  report(log, { listing, own, kept, earlier, shards });
  await removeUnplanned(out, shards.length);

  const damaged = records.flatMap((record, i) => (isKept[i] ? record!.damaged : []));
  if (todo.length > 0) {
    await dropManifest();
    const setup = { format: source.name, options, modalities: listing.modalities };
    const samples = count(todo);
    const lanes = Math.min(workers || 4, samples);
    const isKnown = sourceFormats[source.name] === source;
    const readers =
      workers > 0 && isKnown ? readersInThreads(setup, lanes) : readersHere(source, setup, lanes);
    const progress = progressOf(listing, count(own) - samples, count(own), prepareOptions.onProgress);
    try {
      const found = await writeShards(todo, { out, listing, readers, skipDamaged, progress, signal, finish });
      damaged.push(...found);
    } finally {
      await readers.close();
    }
  }
  const manifest = shard.count === 1 ? await mergePrepared(out) : null;
  return { shards: own.length, samples: count(own) - damaged.length, damaged, kept, manifest };
}

function checkOptions(out: string, workers: number, shardBytes: number, { index, count }: Share): void {
  if (typeof out !== 'string' || out === '')
    throw new DatasetError(`out: expected a folder, got ${String(out)}`);
  if (!Number.isInteger(workers) || workers < 0) {
    throw new DatasetError(`workers: expected a whole number from 0, got ${workers}`);
  }
  if (!Number.isInteger(shardBytes) || shardBytes < 1) {
    throw new DatasetError(`shardBytes: expected a whole number from 1, got ${shardBytes}`);
  }
  if (!Number.isInteger(count) || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new DatasetError(
      `shard: expected whole numbers 0 <= index < count, got index ${index} of ${count}`,
    );
  }
}

function checkListing({ samples, leftOut, dataset }: Listing, format: string): void {
  if (samples.length === 0) {
    const why = leftOut[0]
      ? `; all ${leftOut.length} were left out, '${leftOut[0].id}' since ${leftOut[0].reason}`
      : '';
    throw new DatasetError(`${dataset}: there is no sample to prepare${why}`);
  }
  const seen = new Set<string>();
  for (const { id } of samples) {
    if (seen.has(id)) throw new DatasetError(`format '${format}' lists sample '${id}' twice`);
    seen.add(id);
  }
}

const count = (shards: readonly PlannedShard[]): number =>
  shards.reduce((sum, { from, to }) => sum + to - from, 0);

function report(
  log: (line: string) => void,
  found: {
    listing: Listing;
    own: PlannedShard[];
    kept: number;
    earlier: PlanFile | undefined;
    shards: PlannedShard[];
  },
): void {
  const { listing, own, kept, earlier, shards } = found;
  const { dataset, samples, leftOut, modalities } = listing;
  const megabytes = ((samples.length * bytesOf(modalities)) / 1e6).toFixed(samples.length > 1000 ? 0 : 1);
  log(
    `${dataset}: ${samples.length} samples of ${Object.keys(modalities).join(' and ')}, ${megabytes} MB in ${shards.length} shards; ${leftOut.length} samples are left out`,
  );
  if (own.length < shards.length)
    log(`${own.length} shards with ${count(own)} samples are this process's share`);
  if (kept > 0) log(`${kept} of ${own.length} shards are there already`);
  if (earlier) {
    const changed = shards.filter(({ key }, i) => earlier.shards[i] && earlier.shards[i].key !== key).length;
    if (changed > 0)
      log(`the files of ${changed} shards are not what they were: these shards are made again`);
  }
}

/** Removes shards that are no longer planned. What a killed run left half written, {@link writeAtomically} removes. */
async function removeUnplanned(out: string, planned: number): Promise<void> {
  const folder = join(out, 'shards');
  let names: string[] = [];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const name of names) {
    const [, number] = /^(\d{5,})\.(?:safetensors|json)$/.exec(name) ?? [];
    if (number !== undefined && Number(number) >= planned) await rm(join(folder, name), { force: true });
  }
}

function progressOf(
  { modalities }: Listing,
  earlier: number,
  total: number,
  onProgress: PrepareOptions['onProgress'],
): (damaged: boolean, file: string) => void {
  const begun = performance.now();
  const each = bytesOf(modalities);
  let fresh = 0;
  let damaged = 0;
  return (isDamaged, file) => {
    fresh++;
    if (isDamaged) damaged++;
    const elapsed = (performance.now() - begun) / 1000;
    const samples = earlier + fresh;
    const left = (elapsed / fresh) * (total - samples);
    onProgress?.({ samples, total, damaged, bytes: (samples - damaged) * each, elapsed, left, file });
  };
}
