import { DatasetError } from '../datasetError.js';
import type { DamagedSample } from '../prepared/manifest.js';
import { writeShard } from '../prepared/writeShard.js';
import type { Listing } from '../source/sourceFormat.js';
import { type PlannedShard, shardName } from './plan.js';
import type { ReadOutcome } from './readOutcome.js';
import type { SampleReaders } from './sampleReaders.js';
import { writeRecord } from './shardRecord.js';

/** Shards in memory: one that is being read, and one whose last samples are being read or that is being written. */
const MAX_OPEN = 2;
/** Damaged samples that an error lists. */
const MAX_LISTED = 10;

/** What writing shards needs. */
interface Work {
  out: string;
  listing: Listing;
  readers: SampleReaders;
  skipDamaged: boolean;
  /** Called after every sample. */
  progress: (damaged: boolean, file: string) => void;
  signal?: AbortSignal;
  finish?: AbortSignal;
}

/**
 * Reads the samples of these shards in order, in all lanes at once, and writes each shard and its record when its last sample
 * is read.
 * @returns the samples that could not be read
 * @throws {DatasetError} when there are any and they aren't to be skipped
 */
export async function writeShards(todo: readonly PlannedShard[], work: Work): Promise<DamagedSample[]> {
  const { signal, finish, skipDamaged } = work;
  const writer = new ShardsWriter(todo, work);
  const onAbort = () => writer.fail(signal!.reason);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  try {
    await writer.run();
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  const damaged = writer.damaged();
  if (damaged.length > 0 && !skipDamaged) throw damagedError(damaged);
  if (finish?.aborted && !writer.hasStartedAll()) throw finish.reason;
  return damaged;
}

/** A sample to read, and what to do with the outcome. */
interface Task {
  /** Position in the listing. */
  index: number;
  put(outcome: ReadOutcome): void;
}

/**
 * The lanes take samples from one queue, so that none waits for another at the end of a shard: while the last samples of one
 * shard are being read and the shard is being written, the other lanes already read the next shard.
 */
class ShardsWriter {
  readonly #work: Work;
  readonly #todo: readonly PlannedShard[];
  /** Number of shards that were started. */
  #started = 0;
  /** Samples of the shard that was started last, and that no lane has taken yet. */
  #tasks: Iterator<Task> = [].values();
  /** Shards that were started and aren't finished. */
  readonly #open = new Set<Promise<void>>();
  /** Shards that are being written. */
  readonly #writing = new Set<Promise<void>>();
  readonly #damaged: { index: number; sample: DamagedSample }[] = [];
  #failure: { error: unknown } | undefined;
  #stop = () => {};
  readonly #stopped = new Promise<void>((resolve) => {
    this.#stop = resolve;
  });

  constructor(todo: readonly PlannedShard[], work: Work) {
    this.#todo = todo;
    this.#work = work;
  }

  /** Makes all lanes stop, and {@link run} throw the first error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop();
  }

  async run(): Promise<void> {
    const { lanes } = this.#work.readers;
    const reading = Promise.all(
      Array.from({ length: lanes }, (_, i) => this.#readLane(i).catch((error) => this.fail(error))),
    );
    await Promise.race([reading.then(() => Promise.all(this.#open)), this.#stopped]);
    // A shard that is being written is completed, or the signal stops its writer, which removes the file.
    await Promise.all(this.#writing);
    if (this.#failure) throw this.#failure.error;
  }

  /** The samples that could not be read, in the order of the listing. */
  damaged(): DamagedSample[] {
    return this.#damaged.sort((a, b) => a.index - b.index).map(({ sample }) => sample);
  }

  hasStartedAll(): boolean {
    return this.#started === this.#todo.length;
  }

  async #readLane(lane: number): Promise<void> {
    const { listing, readers, progress } = this.#work;
    for (let task = await this.#nextTask(); task; task = await this.#nextTask()) {
      const sample = listing.samples[task.index]!;
      const outcome = await readers.read(lane, sample);
      if (this.#failure) return;
      if ('damaged' in outcome) this.#damaged.push({ index: task.index, sample: outcome.damaged });
      task.put(outcome);
      progress('damaged' in outcome, Object.values(sample.files)[0] ?? sample.id);
    }
  }

  /** The next sample to read, or undefined at the end. Starts another shard when fewer than {@link MAX_OPEN} are open. */
  async #nextTask(): Promise<Task | undefined> {
    const { finish, skipDamaged } = this.#work;
    for (;;) {
      if (this.#failure) return undefined;
      const { value } = this.#tasks.next();
      if (value) return value;
      if (this.#open.size >= MAX_OPEN) {
        await Promise.race([...this.#open, this.#stopped]);
        continue;
      }
      if (finish?.aborted || (this.#damaged.length > 0 && !skipDamaged)) return undefined;
      const shard = this.#todo[this.#started];
      if (!shard) return undefined;
      this.#started++;
      this.#start(shard);
    }
  }

  /** Queues the samples of a shard, which is written when the last of them is read. */
  #start(shard: PlannedShard): void {
    const outcomes: ReadOutcome[] = [];
    let missing = shard.to - shard.from;
    let allRead = () => {};
    const read = new Promise<void>((resolve) => {
      allRead = resolve;
    });
    const tasks = Array.from({ length: missing }, (_, i) => ({
      index: shard.from + i,
      put(outcome: ReadOutcome) {
        outcomes[i] = outcome;
        if (--missing === 0) allRead();
      },
    }));
    this.#tasks = tasks.values();
    const finished = read.then(() => this.#write(shard, outcomes)).finally(() => this.#open.delete(finished));
    this.#open.add(finished);
  }

  #write(shard: PlannedShard, outcomes: readonly ReadOutcome[]): Promise<void> {
    const writing = writeWithRecord(shard, outcomes, this.#work)
      .catch((error) => this.fail(error))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    return writing;
  }
}

/** Writes a shard and its record, unless it has damaged samples that must not be skipped. */
async function writeWithRecord(
  { number, from, key }: PlannedShard,
  outcomes: readonly ReadOutcome[],
  { out, listing, skipDamaged, signal }: Work,
): Promise<void> {
  const damaged = outcomes.flatMap((outcome) => ('damaged' in outcome ? [outcome.damaged] : []));
  if (damaged.length > 0 && !skipDamaged) return;
  const samples = outcomes.flatMap((outcome, i) => {
    if (!('read' in outcome)) return [];
    const { id, label, tags } = listing.samples[from + i]!;
    const { arrays, facts } = outcome.read;
    return [{ id, label, tags, ...(facts ? { facts } : {}), arrays }];
  });
  const file = `shards/${shardName(number)}.safetensors`;
  const written = await writeShard(out, file, listing.modalities, samples, { signal });
  await writeRecord(out, number, key, { ...written, damaged });
}

function damagedError(damaged: readonly DamagedSample[]): DatasetError {
  const lines = damaged.slice(0, MAX_LISTED).map(({ id, file, reason }) => `\n  ${file ?? id}: ${reason}`);
  const more = damaged.length > MAX_LISTED ? `\n  and ${damaged.length - MAX_LISTED} more` : '';
  const count = damaged.length === 1 ? '1 sample' : `${damaged.length} samples`;
  return new DatasetError(
    `samples: got ${count} that can't be read; expected none without skipDamaged. Finished shards are kept. ` +
      `Fix or remove these files, or skip the samples with skipDamaged (--skip-damaged):${lines.join('')}${more}`,
  );
}
