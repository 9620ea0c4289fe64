import { createHash } from 'node:crypto';
import { type Progress, progressClock } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import type { Manifest, ManifestShard } from './manifest.js';
import { checkSample, fileName, readHead, readManifest } from './preparedShards.js';
import { sampleBytes } from './shardFile.js';
import { PREPARE_AGAIN, type ShardSource } from './shardSource.js';

/** Options of {@link verifyPrepared}. */
export interface VerifyOptions {
  /** Receives progress as shards are read; `done` and `total` are bytes. */
  onProgress?: (progress: Progress) => void;
  /** Ends verifying. */
  signal?: AbortSignal;
}

const verifyKeys = optionKeys<VerifyOptions>({ onProgress: true, signal: true });

/** What {@link verifyPrepared} found. */
export interface VerifyReport {
  /** Shards that were verified. */
  shards: number;
  /** Samples in them. */
  samples: number;
  /** Bytes of the shards, as the manifest says. */
  bytes: number;
  /** One error for each fault, with its file and offset; empty when there is none. */
  faults: DatasetError[];
}

/** Bytes that are read and hashed at a time. */
const PIECE_BYTES = 8 * 2 ** 20;

/**
 * Reads all prepared shards and compares them with the manifest: sizes, SHA-256, heads, and each sample's checksum. It
 * continues after a fault and reports all of them.
 * @param source where the files are: `folderSource`, or `httpSource`
 * @param options see {@link VerifyOptions}
 * @throws {DatasetError} when the manifest itself can't be used, or an option is unknown
 * @example
 * ```js
 * import { folderSource, verifyPrepared } from '@amr/datasets/node';
 * const source = folderSource('prepared/ntu60');
 * const { samples, faults } = await verifyPrepared(source);
 * console.log(samples, faults.map(({ message }) => message));
 * await source.close();
 * ```
 */
export async function verifyPrepared(
  source: ShardSource,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  rejectUnknownOptions('verifyPrepared', options, verifyKeys);
  const { onProgress, signal } = options;
  const manifest = await readManifest(source, signal);
  const shards = manifest.shards.filter(({ file }) => file !== null);
  const total = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const faults: DatasetError[] = [];
  /** Notes a fault, so that the other checks still run. */
  const collect = async (check: Promise<void>) => {
    await check.catch((error) => {
      signal?.throwIfAborted();
      if (!(error instanceof DatasetError)) throw error;
      faults.push(error);
    });
  };
  const progress = progressClock();
  let before = 0;
  for (const shard of shards) {
    const report = (done: number) => onProgress?.(progress(before + done, total));
    await collect(checkWhole(source, shard, report, signal));
    await collect(checkSamples(source, shard, manifest, collect, signal));
    before += shard.bytes;
    report(0);
  }
  return { shards: shards.length, samples: manifest.counts.samples, bytes: total, faults };
}

async function checkWhole(
  source: ShardSource,
  shard: ManifestShard,
  report: (done: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const file = fileName(source, shard);
  const size = await source.size(shard.file!, signal);
  if (size !== shard.bytes) {
    throw new DatasetError(
      `got ${size} bytes; expected ${shard.bytes}, as in the manifest. ${PREPARE_AGAIN}`,
      {
        file,
        offset: Math.min(size, shard.bytes),
      },
    );
  }
  const hash = createHash('sha256');
  for (let start = 0; start < size; start += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, size - start);
    hash.update(await source.read(shard.file!, start, length, signal));
    report(start + length);
  }
  const found = hash.digest('hex');
  if (found !== shard.sha256) {
    throw new DatasetError(
      `got the SHA-256 ${found}; expected ${shard.sha256}, as in the manifest. ${PREPARE_AGAIN}`,
      {
        file,
      },
    );
  }
}

async function checkSamples(
  source: ShardSource,
  shard: ManifestShard,
  { modalities }: Manifest,
  collect: (check: Promise<void>) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const head = await readHead(source, shard, modalities);
  const names = Object.keys(modalities);
  for (const [column, name] of names.entries()) {
    const length = sampleBytes(modalities[name]!);
    for (const [row, { id }] of shard.samples.entries()) {
      const start = head.starts[name]! + row * length;
      const check = async () => {
        const bytes = await source.read(shard.file!, start, length, signal);
        const expected = head.crcs[row * names.length + column]!;
        checkSample(bytes, expected, `'${name}' of sample '${id}'`, fileName(source, shard), start);
      };
      await collect(check());
    }
  }
}
