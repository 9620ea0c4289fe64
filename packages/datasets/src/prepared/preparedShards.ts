import { crc32 } from '@amr/formats';
import { DatasetError } from '../datasetError.js';
import type { StoredModality } from '../source/sourceFormat.js';
import type { SplitRule } from '../source/splitRule.js';
import { type Manifest, type ManifestShard, parseManifest } from './manifest.js';
import {
  hex,
  prepareAnew,
  readShardHead,
  type ShardHead,
  type StoredModalities,
  sampleBytes,
} from './shardFile.js';
import { insideSteps, type ShardSource } from './shardSource.js';

/** Name of the file that says what the others hold. */
export const manifestFile = 'manifest.json';

/** What the manifest says of a sample. */
export interface PreparedSample {
  /** Unlike any other's in the data set. */
  readonly id: string;
  /** Index into the classes. */
  readonly label: number;
  /** Whole numbers that splits go by: `subject`, `camera`, ... */
  readonly tags: { readonly [name: string]: number };
  /** Numbers that were kept when it was prepared: `frames` in its file, `bodies`. */
  readonly facts?: { readonly [name: string]: number };
}

/** One sample, as it is stored. */
export interface StoredSample {
  /** Its id. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** The stored values of each modality that was asked for, not scaled; nobody else has these arrays. */
  arrays: { [modality: string]: Float32Array | Uint8Array };
}

/** How {@link openShards} reads. */
export interface OpenShardsOptions {
  /** Whether each sample's bytes are compared with their checksum; default true. Heads of shards always are. */
  verify?: boolean;
  /** Ends opening. */
  signal?: AbortSignal;
}

/** Prepared shards, any sample of which can be read. */
export interface PreparedShards {
  /** Short name of the data set: `'ntu60'`. */
  readonly dataset: string;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** What each sample holds. */
  readonly modalities: { readonly [name: string]: StoredModality };
  /** The protocols of evaluation, by name. */
  readonly splits: { readonly [name: string]: SplitRule };
  /** All samples, in the order of the shards. */
  readonly samples: readonly PreparedSample[];
  /**
   * Reads a sample.
   * @param index its position in `samples`
   * @param options `modalities`: which ones, default all; `signal`: ends reading; `spare`: arrays of an earlier sample that
   *   nobody looks at any more, which may be filled anew
   * @throws {DatasetError} when the shard is damaged or can't be read, with its name and where, or there is no such sample or
   *   modality
   */
  sample(
    index: number,
    options?: { modalities?: readonly string[]; signal?: AbortSignal; spare?: StoredSample['arrays'] },
  ): Promise<StoredSample>;
  /** Closes the source that the shards come from. */
  close(): Promise<void>;
}

/**
 * Opens a folder of shards that `amr-data prepare` has written: reads its manifest and then, when a sample is asked for, what
 * it takes. The head of a shard (header and checksums) is read once, when its first sample is asked for, and compared
 * with the manifest; a sample is one read for each modality, and compared with its checksum.
 * @param source where the files are: `folderSource` of the Node entry, or {@link httpSource}; it is closed with the shards, and
 *   when opening fails
 * @param options see {@link OpenShardsOptions}
 * @throws {DatasetError} when there is no manifest, or it doesn't agree with itself
 * @example
 * ```js
 * import { httpSource, openShards } from '@amr/datasets';
 * const shards = await openShards(httpSource('https://example.org/prepared/ntu60'));
 * const { arrays, label } = await shards.sample(0, { modalities: ['skeleton'] });
 * console.log(shards.classes[label], arrays.skeleton.length);
 * ```
 */
export async function openShards(
  source: ShardSource,
  options: OpenShardsOptions = {},
): Promise<PreparedShards> {
  const { verify = true, signal } = options;
  const manifest = await readManifest(source, signal).catch(async (error) => {
    await source.close();
    throw error;
  });
  const { modalities } = manifest;
  const names = Object.keys(modalities);
  const samples = manifest.shards.flatMap((shard) => shard.samples);
  /** Of each sample its shard and its row there. */
  const places = manifest.shards.flatMap((shard) => shard.samples.map((_, row) => ({ shard, row })));
  const heads = new Map<ManifestShard, Promise<ShardHead>>();

  function headOf(shard: ManifestShard): Promise<ShardHead> {
    let head = heads.get(shard);
    if (!head) {
      // Without the signal of who asks first: others may wait for it too.
      head = readHead(source, shard, modalities);
      heads.set(shard, head);
      head.catch(() => heads.delete(shard));
    }
    return head;
  }

  return {
    dataset: manifest.dataset,
    classes: manifest.classes,
    modalities,
    splits: manifest.splits,
    samples,
    async sample(index, { modalities: wanted = names, signal, spare } = {}) {
      const place = places[index];
      if (!place) throw new DatasetError(`sample ${index} was asked for, there are ${samples.length}`);
      const unknown = wanted.find((name) => !names.includes(name));
      if (unknown !== undefined) {
        throw new DatasetError(`there is no modality '${unknown}'; there are ${names.join(', ')}`);
      }
      const { shard, row } = place;
      const head = await headOf(shard);
      const { id, label } = shard.samples[row]!;
      const read = wanted.map(async (name) => {
        const modality = modalities[name]!;
        const length = sampleBytes(modality);
        const start = head.starts[name]! + row * length;
        const bytes = await source.read(shard.file!, start, length, signal, bytesOf(spare?.[name]));
        const expected = head.crcs[row * names.length + names.indexOf(name)]!;
        if (verify)
          checkSample(bytes, expected, `'${name}' of sample '${id}'`, fileName(source, shard), start);
        return [name, modality.dtype === 'uint8' ? bytes : floatsOf(bytes)] as const;
      });
      return { id, label, arrays: Object.fromEntries(await Promise.all(read)) };
    },
    close: () => source.close(),
  };
}

/**
 * Reads the manifest.
 * @throws {DatasetError} when there is none, or it doesn't agree with itself
 */
export async function readManifest(source: ShardSource, signal?: AbortSignal): Promise<Manifest> {
  const file = `${source.name}/${manifestFile}`;
  const bytes = await source.readAll(manifestFile, signal);
  const manifest = parseManifest(new TextDecoder().decode(bytes), file);
  const fail = (reason: string) => new DatasetError(`${reason}; prepare the data anew`, { file });
  const ids = new Set<string>();
  for (const [number, shard] of manifest.shards.entries()) {
    for (const { id } of shard.samples) {
      if (ids.has(id)) throw fail(`sample '${id}' is there twice`);
      ids.add(id);
    }
    if (shard.file === null) {
      if (shard.samples.length > 0) throw fail(`shard ${number} has samples and no file`);
      continue;
    }
    insideSteps(shard.file, file);
    if (shard.head === null || shard.sha256 === null) throw fail(`${shard.file} has no checksums`);
    if (shard.head.bytes > shard.bytes) {
      throw fail(`${shard.file} has ${shard.bytes} bytes, its head ${shard.head.bytes}`);
    }
  }
  return manifest;
}

/**
 * Reads the head of a shard.
 * @throws {DatasetError} when it isn't what the manifest says
 */
export async function readHead(
  source: ShardSource,
  shard: ManifestShard,
  modalities: StoredModalities,
): Promise<ShardHead> {
  const head = await source.read(shard.file!, 0, shard.head!.bytes);
  return readShardHead(head, shard, modalities, fileName(source, shard));
}

/** What a shard is called in messages. */
export const fileName = (source: ShardSource, shard: ManifestShard): string => `${source.name}/${shard.file}`;

/** @throws {DatasetError} when the bytes don't have this CRC-32 */
export function checkSample(
  bytes: Uint8Array,
  expected: number,
  what: string,
  file: string,
  offset: number,
): void {
  const found = crc32(bytes);
  if (found === expected) return;
  throw new DatasetError(
    `${what} has the CRC-32 ${hex(found)}, ${hex(expected)} was stored; ${prepareAnew}`,
    {
      file,
      offset,
    },
  );
}

/** A view where it can be one. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, length / 4);
}

const bytesOf = (values: Float32Array | Uint8Array | undefined): Uint8Array | undefined =>
  values && new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
