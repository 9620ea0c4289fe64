import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Progress, progressClock } from '@amr/internal';
import { writeAtomically } from '@amr/internal/node';
import { DatasetError } from '../datasetError.js';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { DamagedSample, Manifest } from '../prepared/manifest.js';
import { formatOf, sourceFormats } from '../sets/formats.js';
import type { Listing, SourceFormat } from '../source/sourceFormat.js';
import { mergePrepared } from './mergePrepared.js';
import { bytesOf, checkSamePlan, type PlanFile, type PlannedShard, planShards, readPlan } from './plan.js';
import { readersHere, readersInThreads } from './sampleReaders.js';
import type { Shard } from './shardOf.js';
import { readRecord } from './shardRecord.js';
import { writeShards } from './writeShards.js';

/*
 * Preparation reads a data set's files once, and writes shards that training reads again and again. It is designed so that
 * nothing but finished shards has to be remembered: the plan follows from the names and sizes of the files and from the
 * options, so that every process and every later run computes the same plan, and each finished shard has a record with a hash
 * of all that its bytes depend on. A run therefore resumes from whatever shards have a valid record, and processes on several
 * machines share the shards without talking to one another.
 */

/** Where {@link prepare} writes, and how it works. */
export interface PrepareOptions {
  /** The folder of the shards and their manifest. It is created when it is missing. */
  out: string;
  /** Number of threads that read samples. 0 reads them in this thread. Default: one for each core. */
  workers?: number;
  /** Largest size of a shard in bytes. A shard holds at most 512 samples. Default: 256 MB. */
  shardBytes?: number;
  /**
   * Which part of the shard files this process prepares: every `count`-th, from `index` on, where `index` counts from 0. When
   * all parts are done, {@link mergePrepared} writes the manifest. Default: all of them.
   */
  shard?: Shard;
  /** Whether samples that can't be read are listed in the manifest and skipped, instead of ending the run. Default: false. */
  skipDamaged?: boolean;
  /** Receives progress after every sample. */
  onProgress?: (progress: PrepareProgress) => void;
  /** Stops the run at once. Shards that are finished are kept for the next run. */
  signal?: AbortSignal;
  /** Stops the run when the shards that were started, two at most, are finished. */
  finish?: AbortSignal;
  /** Receives lines that say what was found and what is done about it. Default: none. */
  log?: (line: string) => void;
}

const prepareKeys = optionKeys<PrepareOptions>({
  out: true,
  workers: true,
  shardBytes: true,
  shard: true,
  skipDamaged: true,
  onProgress: true,
  signal: true,
  finish: true,
  log: true,
});

/** Progress of {@link prepare}, counted in samples. Damaged samples and those of earlier runs count as done. */
export interface PrepareProgress extends Progress {
  /** Samples of this run that could not be read. */
  damaged: number;
  /** Bytes of the samples that are done. */
  bytes: number;
  /** A file of the sample that was read last. */
  file: string;
}

/** Result of {@link prepare}. */
export interface Prepared {
  /** Number of shards that this process prepares. */
  shards: number;
  /** Number of samples in these shards. */
  samples: number;
  /** Samples that could not be read and were skipped. */
  damaged: DamagedSample[];
  /** Number of shards that earlier runs had finished. */
  kept: number;
  /** Content of `manifest.json`; null when this process prepared only one part of the shards. */
  manifest: Manifest | null;
}

/**
 * Reads a data set's files and writes them as shards that {@link https://huggingface.co/docs/safetensors | safetensors}
 * readers understand, with a `manifest.json` that describes them. Samples are read in threads, and at most two shards are in
 * memory. When a run ends early, for whatever reason (a kill and a power loss included), the same call resumes from the
 * finished shards: each has a record, `shards/00012.json`, with a hash of the options and of the names and sizes of its files.
 * A shard whose files changed is written again, and so is one with damaged samples once `skipDamaged` is false. The same files
 * and options give the same bytes, with any number of threads and processes.
 * @param format a format by name, or an object; one that isn't known by its name is read in this thread
 * @param options the format's options
 * @param prepareOptions where the shards go, and how to work
 * @returns counts, skipped samples, and the manifest
 * @throws {DatasetError} when an option is not valid, when the folder was started with other options, and, unless
 * `skipDamaged` is true, when samples can't be read: the shards that were started are finished, then the error lists the first
 * of these samples
 * @throws the reason of `signal` or `finish`, when one of them stopped the run
 */
export async function prepare<Options>(
  format: SourceFormat<Options> | string,
  options: Options,
  prepareOptions: PrepareOptions,
): Promise<Prepared> {
  const { out, skipDamaged = false, signal, log = () => {} } = prepareOptions;
  const { shardBytes = 256e6, shard = { index: 0, count: 1 } } = prepareOptions;
  const workers = prepareOptions.workers ?? availableParallelism();
  rejectUnknownOptions('prepare', prepareOptions, prepareKeys);
  checkValues(out, workers, shardBytes, shard);
  const source = formatOf(format) as SourceFormat;
  signal?.throwIfAborted();
  const listing = await source.list(options, signal);
  checkListing(listing, source.name);
  const { file: plan, shards } = await planShards(source.name, listing, options, shardBytes);
  const earlier = await keepPlan(out, plan);

  const own = shards.filter(({ number }) => number % shard.count === shard.index);
  const { todo, damaged } = await unfinished(out, own, skipDamaged);
  const kept = own.length - todo.length;
  report(log, { listing, own, kept, earlier, shards });
  await removeUnplanned(out, shards.length);
  if (todo.length > 0) {
    await removeManifest(out);
    const count = { todo: countSamples(todo), own: countSamples(own) };
    damaged.push(
      ...(await writeUnfinished(todo, count, { source, options, listing, workers }, prepareOptions)),
    );
  }
  const manifest = shard.count === 1 ? await mergePrepared(out) : null;
  return { shards: own.length, samples: countSamples(own) - damaged.length, damaged, kept, manifest };
}

function checkValues(out: string, workers: number, shardBytes: number, { index, count }: Shard): void {
  checkOption('out', out, typeof out === 'string' && out !== '', 'the path of a folder');
  checkCount('workers', workers, 0);
  checkCount('shardBytes', shardBytes);
  if (!Number.isInteger(count) || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new DatasetError(
      `shard: got index ${index} of count ${count}; expected whole numbers with 0 <= index < count.`,
    );
  }
}

function checkListing({ samples, skipped, dataset }: Listing, format: string): void {
  if (samples.length === 0) {
    const why = skipped[0]
      ? ` All ${skipped.length} samples were skipped; the first, '${skipped[0].id}': ${skipped[0].reason}.`
      : '';
    throw new DatasetError(`${dataset}: got no sample; expected at least 1.${why}`);
  }
  const seen = new Set<string>();
  for (const { id } of samples) {
    if (seen.has(id)) {
      throw new DatasetError(
        `${format}: got the sample id '${id}' twice; expected unique ids in its listing.`,
      );
    }
    seen.add(id);
  }
}

/**
 * Writes the plan of this run unless the folder has it already.
 * @returns the plan of the last run into this folder
 * @throws {DatasetError} when that run had other options
 */
async function keepPlan(out: string, plan: PlanFile): Promise<PlanFile | undefined> {
  const earlier = await readPlan(out);
  if (earlier) checkSamePlan(earlier, plan, out);
  if (JSON.stringify(earlier) !== JSON.stringify(plan)) {
    await removeManifest(out);
    await writeAtomically(join(out, 'plan.json'), `${JSON.stringify(plan)}\n`);
  }
  return earlier;
}

/** A manifest describes a complete folder, so it is removed before anything in the folder changes. */
const removeManifest = (out: string) => rm(join(out, 'manifest.json'), { force: true });

/** Shards that have to be written, and damaged samples of those that are finished. */
async function unfinished(
  out: string,
  own: readonly PlannedShard[],
  skipDamaged: boolean,
): Promise<{ todo: PlannedShard[]; damaged: DamagedSample[] }> {
  const records = await Promise.all(own.map(({ number, key }) => readRecord(out, number, key)));
  const todo: PlannedShard[] = [];
  const damaged: DamagedSample[] = [];
  for (const [i, shard] of own.entries()) {
    const record = records[i];
    // Without skipDamaged, a sample that was skipped is tried again: its file may have been fixed.
    const isFinished = record !== undefined && (skipDamaged || record.damaged.length === 0);
    if (isFinished) damaged.push(...record.damaged);
    else todo.push(shard);
  }
  return { todo, damaged };
}

/** @returns the samples that could not be read */
async function writeUnfinished(
  todo: readonly PlannedShard[],
  count: { todo: number; own: number },
  { source, options, listing, workers }: Source,
  { out, skipDamaged = false, onProgress, signal, finish }: PrepareOptions,
): Promise<DamagedSample[]> {
  const setup = { format: source.name, options, modalities: listing.modalities };
  const lanes = Math.min(workers || 4, count.todo);
  const isKnown = sourceFormats[source.name] === source;
  const readers = workers > 0 && isKnown ? readersInThreads(setup, lanes) : readersHere(source, setup, lanes);
  const progress = progressOf(listing, count.own - count.todo, count.own, onProgress);
  try {
    return await writeShards(todo, { out, listing, readers, skipDamaged, progress, signal, finish });
  } finally {
    await readers.close();
  }
}

/** Where the samples come from. */
interface Source {
  source: SourceFormat;
  options: unknown;
  listing: Listing;
  workers: number;
}

const countSamples = (shards: readonly PlannedShard[]): number =>
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
  const { dataset, samples, skipped, modalities } = listing;
  const megabytes = ((samples.length * bytesOf(modalities)) / 1e6).toFixed(samples.length > 1000 ? 0 : 1);
  log(
    `${dataset}: ${samples.length} samples of ${Object.keys(modalities).join(' and ')}, ${megabytes} MB in ${shards.length} shards; ${skipped.length} samples are skipped`,
  );
  if (own.length < shards.length) {
    log(`this process prepares ${own.length} of these shards, with ${countSamples(own)} samples`);
  }
  if (kept > 0) log(`${kept} of ${own.length} shards are finished already`);
  if (earlier) {
    const changed = shards.filter(({ key }, i) => earlier.shards[i] && earlier.shards[i].key !== key).length;
    if (changed > 0) log(`the files of ${changed} shards have changed: these shards are written again`);
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
  const clock = progressClock(earlier);
  const each = bytesOf(modalities);
  let done = earlier;
  let damaged = 0;
  return (isDamaged, file) => {
    done++;
    if (isDamaged) damaged++;
    onProgress?.({ ...clock(done, total), damaged, bytes: (done - damaged) * each, file });
  };
}
