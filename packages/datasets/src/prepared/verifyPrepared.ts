import { createHash } from 'node:crypto';
import { DatasetError } from '../datasetError.js';
import type { Manifest, ManifestShard } from './manifest.js';
import { checkSample, fileName, readHead, readManifest } from './preparedShards.js';
import { prepareAnew, sampleBytes } from './shardFile.js';
import type { ShardSource } from './shardSource.js';

/** How {@link verifyPrepared} goes about it. */
export interface VerifyOptions {
  /** Called as shards are read: bytes so far, and of all shards. */
  onProgress?: (done: number, total: number) => void;
  /** Ends verifying. */
  signal?: AbortSignal;
}

/** What {@link verifyPrepared} found. */
export interface VerifyReport {
  /** Shards that were looked at. */
  shards: number;
  /** Samples in them. */
  samples: number;
  /** Bytes that the manifest tells of. */
  bytes: number;
  /** All that is wrong, each with its file and where in it; empty when nothing is. */
  faults: DatasetError[];
}

/** Bytes that are read at a time to be hashed. */
const pieceBytes = 8 * 2 ** 20;

/**
 * Reads all prepared shards and compares them with the manifest: sizes, SHA-256, heads, and each sample's checksum. A fault doesn't end
 * it: all are found.
 * @param source where the files are: `folderSource`, or `httpSource`
 * @param options see {@link VerifyOptions}
 * @throws {DatasetError} when the manifest itself can't be used
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
  const { onProgress, signal } = options;
  const manifest = await readManifest(source, signal);
  const shards = manifest.shards.filter(({ file }) => file !== null);
  const total = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const faults: DatasetError[] = [];
  /** What is wrong with one thing does not keep the others from being looked at. */
  const collect = async (check: Promise<void>) => {
    await check.catch((error) => {
      signal?.throwIfAborted();
      if (!(error instanceof DatasetError)) throw error;
      faults.push(error);
    });
  };
  let before = 0;
  for (const shard of shards) {
    const report = (done: number) => onProgress?.(before + done, total);
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
  onProgress: (done: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const file = fileName(source, shard);
  const size = await source.size(shard.file!, signal);
  if (size !== shard.bytes) {
    throw new DatasetError(`the file has ${size} bytes, the manifest says ${shard.bytes}; ${prepareAnew}`, {
      file,
      offset: Math.min(size, shard.bytes),
    });
  }
  const hash = createHash('sha256');
  for (let start = 0; start < size; start += pieceBytes) {
    const length = Math.min(pieceBytes, size - start);
    hash.update(await source.read(shard.file!, start, length, signal));
    onProgress(start + length);
  }
  const found = hash.digest('hex');
  if (found !== shard.sha256) {
    throw new DatasetError(`the SHA-256 is ${found}, the manifest says ${shard.sha256}; ${prepareAnew}`, {
      file,
    });
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
