import { DatasetError } from '../datasetError.js';
import type { DamagedSample } from '../prepared/manifest.js';
import { writeShard } from '../prepared/writeShard.js';
import type { Listing } from '../source/sourceFormat.js';
import { type PlannedShard, shardName } from './plan.js';
import type { ReadOutcome } from './readOutcome.js';
import type { SampleReaders } from './sampleReaders.js';
import { writeRecord } from './shardRecord.js';

/** Shards that are in memory at most: one that is being read, and one whose last samples are, or that is being written. */
const mostOpen = 2;

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
 * Reads the samples of these shards one after another, in all lanes at once, and writes each shard and its record when its
 * last sample is read.
 * @returns the samples that could not be read
 * @throws {DatasetError} when there are any and they aren't to be skipped
 */
export async function writeShards(todo: readonly PlannedShard[], work: Work): Promise<DamagedSample[]> {
  const { out, listing, readers, skipDamaged, progress, signal, finish } = work;
  const damaged: { index: number; sample: DamagedSample }[] = [];
  const open = new Set<Promise<void>>();
  const shards = todo.values();
  let samples: Iterator<Place> = [].values();
  const writing = new Set<Promise<unknown>>();
  let failure: { error: unknown } | undefined;
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const fail = (error: unknown) => {
    failure ??= { error };
    stop();
  };

  /** The next sample to read; begins another shard when there is room for one, and undefined at the end. */
  const next = async (): Promise<Place | undefined> => {
    for (;;) {
      if (failure) return undefined;
      const { value } = samples.next();
      if (value) return value;
      if (open.size >= mostOpen) {
        await Promise.race([...open, stopped]);
        continue;
      }
      if (finish?.aborted || (damaged.length > 0 && !skipDamaged)) return undefined;
      const shard = shards.next();
      if (shard.done) return undefined;
      const begun = beginShard(shard.value);
      samples = begun.places.values();
      const written = begun.written.finally(() => open.delete(written));
      open.add(written);
    }
  };

  const beginShard = (shard: PlannedShard): { places: Place[]; written: Promise<void> } => {
    const outcomes: ReadOutcome[] = [];
    let missing = shard.to - shard.from;
    let allRead = () => {};
    const read = new Promise<void>((resolve) => {
      allRead = resolve;
    });
    const places = Array.from({ length: missing }, (_, i) => ({
      index: shard.from + i,
      put(outcome: ReadOutcome) {
        outcomes[i] = outcome;
        if (--missing === 0) allRead();
      },
    }));
    const written = read.then(() => {
      const whole = write(shard, outcomes).catch(fail);
      writing.add(whole);
      return whole.finally(() => writing.delete(whole));
    });
    return { places, written };
  };

  const write = async (shard: PlannedShard, outcomes: readonly ReadOutcome[]): Promise<void> => {
    const bad = outcomes.flatMap((outcome) => ('damaged' in outcome ? [outcome.damaged] : []));
    if (bad.length > 0 && !skipDamaged) return;
    const good = outcomes.flatMap((outcome, i) => {
      if (!('read' in outcome)) return [];
      const { id, label, tags } = listing.samples[shard.from + i]!;
      const { arrays, facts } = outcome.read;
      return [{ id, label, tags, ...(facts ? { facts } : {}), arrays }];
    });
    const file = `shards/${shardName(shard.number)}.safetensors`;
    const written = await writeShard(out, file, listing.modalities, good, { signal });
    await writeRecord(out, shard.number, shard.key, { ...written, damaged: bad });
  };

  const lane = async (number: number): Promise<void> => {
    for (let place = await next(); place; place = await next()) {
      const sample = listing.samples[place.index]!;
      const outcome = await readers.read(number, sample);
      if (failure) return;
      if ('damaged' in outcome) damaged.push({ index: place.index, sample: outcome.damaged });
      place.put(outcome);
      progress('damaged' in outcome, Object.values(sample.files)[0] ?? sample.id);
    }
  };

  const onAbort = () => fail(signal!.reason);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  try {
    const lanes = Promise.all(Array.from({ length: readers.lanes }, (_, i) => lane(i).catch(fail)));
    await Promise.race([lanes.then(() => Promise.all(open)), stopped]);
    // What is being written ends by itself: whole, or removed by the signal.
    await Promise.all(writing);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  if (failure) throw (failure as { error: unknown }).error;
  const inOrder = damaged.sort((a, b) => a.index - b.index).map(({ sample }) => sample);
  if (inOrder.length > 0 && !skipDamaged) throw damagedError(inOrder);
  if (finish?.aborted && !shards.next().done) throw finish.reason;
  return inOrder;
}

/** A sample to read, and where what comes of it goes. */
interface Place {
  index: number;
  put(outcome: ReadOutcome): void;
}

function damagedError(damaged: readonly DamagedSample[]): DatasetError {
  const most = 10;
  const lines = damaged.slice(0, most).map(({ id, file, reason }) => `\n  ${file ?? id}: ${reason}`);
  const more = damaged.length > most ? `\n  and ${damaged.length - most} more` : '';
  return new DatasetError(
    `${damaged.length} ${damaged.length === 1 ? 'sample' : 'samples'} can't be read; the run ended with the shards that were begun, what is finished is kept. ` +
      `Mend or remove these files, or leave the samples out with skipDamaged (--skip-damaged):${lines.join('')}${more}`,
  );
}
