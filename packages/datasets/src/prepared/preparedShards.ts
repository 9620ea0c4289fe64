import { crc32 } from '@amr/formats';
import { mismatch } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import type { StoredModality } from '../source/sourceFormat.js';
import type { SplitRule } from '../source/splitRule.js';
import { type Manifest, type ManifestShard, parseManifest } from './manifest.js';
import { hex, readShardHead, type ShardHead, type StoredModalities, sampleBytes } from './shardFile.js';
import { insideSteps, PREPARE_AGAIN, type ShardSource } from './shardSource.js';

/** Name of the manifest's file. */
export const MANIFEST_FILE = 'manifest.json';

/** What the manifest says of a sample. */
export interface PreparedSample {
  /** Unique in the data set. */
  readonly id: string;
  /** Index into the classes. */
  readonly label: number;
  /** Whole numbers that splits go by: `subject`, `camera`, ... */
  readonly tags: { readonly [name: string]: number };
  /** Numbers that were noted when the sample was prepared: `frames` in its file, `bodies`. */
  readonly facts?: { readonly [name: string]: number };
}

/** One sample as it is stored. */
export interface StoredSample {
  /** Its id. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** The stored values of each requested modality, not scaled. The arrays belong to the caller. */
  arrays: { [modality: string]: Float32Array | Uint8Array };
}

/** Options of {@link openShards}. */
export interface OpenShardsOptions {
  /** Whether each sample's bytes are compared with their checksum, default true. The heads of shards always are. */
  verify?: boolean;
  /** Ends opening. */
  signal?: AbortSignal;
}

const openKeys = optionKeys<OpenShardsOptions>({ verify: true, signal: true });

/** Opened shards, which give any sample. */
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
   * @param options `modalities`: names of those to read, default all; `signal`: ends reading; `spare`: unused arrays of an
   *   earlier sample, which may be filled again
   * @throws {DatasetError} when the shard is damaged or can't be read, with the file and the offset; when the sample or the
   *   modality doesn't exist, or an option is unknown
   */
  sample(
    index: number,
    options?: { modalities?: readonly string[]; signal?: AbortSignal; spare?: StoredSample['arrays'] },
  ): Promise<StoredSample>;
  /** Closes the source that the shards come from. */
  close(): Promise<void>;
}

type SampleReadOptions = NonNullable<Parameters<PreparedShards['sample']>[1]>;
const sampleKeys = optionKeys<SampleReadOptions>({ modalities: true, signal: true, spare: true });

/**
 * Opens a folder of shards that `amr-data prepare` has written. Opening reads only the manifest. The head of a shard (header
 * and checksums) is read once, with the shard's first sample, and compared with the manifest. A sample is one read for each
 * modality, and compared with its checksum.
 * @param source where the files are: `folderSource` of the Node entry, or {@link httpSource}. It is closed together with the
 *   shards, and when opening fails
 * @param options see {@link OpenShardsOptions}
 * @throws {DatasetError} when the manifest is missing or contradicts itself, or an option is unknown
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
  let manifest: Manifest;
  try {
    rejectUnknownOptions('openShards', options, openKeys);
    manifest = await readManifest(source, signal);
  } catch (error) {
    await source.close();
    throw error;
  }
  const { modalities } = manifest;
  const names = Object.keys(modalities);
  const samples = manifest.shards.flatMap((shard) => shard.samples);
  /** Each sample's shard, and its row there. */
  const places = manifest.shards.flatMap((shard) => shard.samples.map((_, row) => ({ shard, row })));
  const heads = new Map<ManifestShard, Promise<ShardHead>>();

  function headOf(shard: ManifestShard): Promise<ShardHead> {
    let head = heads.get(shard);
    if (!head) {
      // The read doesn't get the signal of its first reader: other readers may wait for the same head.
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
    async sample(index, options = {}) {
      rejectUnknownOptions('sample', options, sampleKeys);
      const { modalities: wanted = names, signal, spare } = options;
      const place = places[index];
      if (!place) {
        throw new DatasetError(mismatch('index', index, `a position from 0 to ${samples.length - 1}`));
      }
      const unknown = wanted.find((name) => !names.includes(name));
      if (unknown !== undefined) {
        throw new DatasetError(mismatch('modalities', unknown, `names among ${names.join(', ')}`));
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
 * @throws {DatasetError} when the manifest is missing or contradicts itself
 */
export async function readManifest(source: ShardSource, signal?: AbortSignal): Promise<Manifest> {
  const file = `${source.name}/${MANIFEST_FILE}`;
  const bytes = await source.readAll(MANIFEST_FILE, signal);
  const manifest = parseManifest(new TextDecoder().decode(bytes), file);
  const fail = (reason: string) => new DatasetError(`${reason} Prepare the data again.`, { file });
  const ids = new Set<string>();
  for (const [number, shard] of manifest.shards.entries()) {
    for (const { id } of shard.samples) {
      if (ids.has(id)) throw fail(`samples: got '${id}' twice; expected unique ids.`);
      ids.add(id);
    }
    if (shard.file === null) {
      if (shard.samples.length > 0) throw fail(`shards.${number}: got samples and no file; expected a file.`);
      continue;
    }
    insideSteps(shard.file, file);
    if (shard.head === null || shard.sha256 === null)
      throw fail(`${shard.file}: got no checksums; expected them.`);
    if (shard.head.bytes > shard.bytes) {
      throw fail(
        `${shard.file}: got ${shard.head.bytes} bytes of head; expected at most the ${shard.bytes} of the file.`,
      );
    }
  }
  return manifest;
}

/**
 * Reads the head of a shard.
 * @throws {DatasetError} when it differs from the manifest
 */
export async function readHead(
  source: ShardSource,
  shard: ManifestShard,
  modalities: StoredModalities,
): Promise<ShardHead> {
  const head = await source.read(shard.file!, 0, shard.head!.bytes);
  return readShardHead(head, shard, modalities, fileName(source, shard));
}

/** What messages call a shard. */
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
    `${what}: got the CRC-32 ${hex(found)}; expected ${hex(expected)}, as stored. ${PREPARE_AGAIN}`,
    {
      file,
      offset,
    },
  );
}

/** Floats at these bytes: a view where the position allows it, else a copy. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, length / 4);
}

const bytesOf = (values: Float32Array | Uint8Array | undefined): Uint8Array | undefined =>
  values && new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
