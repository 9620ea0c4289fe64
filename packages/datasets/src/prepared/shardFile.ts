import {
  crc32,
  layOutSafetensors,
  readSafetensorsHead,
  type SafetensorsDtype,
  SafetensorsError,
} from '@amr/formats';
import { DatasetError } from '../datasetError.js';
import type { StoredModality } from '../source/sourceFormat.js';
import type { ManifestShard } from './manifest.js';
import { PREPARE_AGAIN } from './shardSource.js';

/** Name of the tensor of checksums, the first in a shard. */
const CHECKSUMS = 'crc32';
const DTYPES: { [dtype in StoredModality['dtype']]: SafetensorsDtype } = { uint8: 'U8', float32: 'F32' };

/** The modalities of a shard, by name; their order is that of its checksums. */
export type StoredModalities = { readonly [name: string]: StoredModality };

/** Bytes that one sample of a modality takes. */
export const sampleBytes = ({ dtype, shape }: StoredModality): number =>
  shape.reduce((product, size) => product * size, dtype === 'uint8' ? 1 : 4);

/** Where the parts of a shard are in its file. */
export interface ShardLayout {
  /** Bytes of the header and the checksums. */
  headBytes: number;
  /** Bytes of the whole file. */
  bytes: number;
  /** Position of each modality's first sample. */
  starts: { [modality: string]: number };
}

/**
 * The layout of a shard of so many samples, and the header that comes before its checksums.
 * @throws {DatasetError} when a modality has the name of the checksums
 */
export function layOutShard(
  modalities: StoredModalities,
  samples: number,
): ShardLayout & { header: Uint8Array } {
  if (CHECKSUMS in modalities) {
    throw new DatasetError(
      `modalities: got a modality '${CHECKSUMS}'; expected another name. The checksums have this one.`,
    );
  }
  const names = Object.keys(modalities);
  const layout = new Map<string, { dtype: SafetensorsDtype; shape: number[] }>();
  layout.set(CHECKSUMS, { dtype: 'U32', shape: [samples, names.length] });
  for (const [name, { dtype, shape }] of Object.entries(modalities)) {
    layout.set(name, { dtype: DTYPES[dtype], shape: [samples, ...shape] });
  }
  const { header, tensors, bytes } = layOutSafetensors({
    tensors: layout,
    metadata: { format: 'amr-shard' },
  });
  const starts = Object.fromEntries(names.map((name) => [name, tensors.get(name)!.start]));
  return { header, headBytes: tensors.get(CHECKSUMS)!.end, bytes, starts };
}

/** The head of a shard, read and compared with the manifest. */
export interface ShardHead extends ShardLayout {
  /** CRC-32 of each sample's bytes of each modality, `[samples, modalities]`. */
  crcs: Uint32Array;
}

/**
 * Reads the head of a shard: its header and checksums, all that comes before its first sample.
 * @param head the first bytes of the file, as many as the manifest says
 * @param file name of the shard, for errors
 * @throws {DatasetError} when the head's checksum, tensors or shapes differ from the manifest
 */
export function readShardHead(
  head: Uint8Array,
  shard: ManifestShard,
  modalities: StoredModalities,
  file: string,
): ShardHead {
  const wrong = (mismatch: string, cause?: unknown) =>
    new DatasetError(`${mismatch} ${PREPARE_AGAIN}`, { file, offset: 0, cause });
  const found = crc32(head);
  if (found !== shard.head?.crc32) {
    throw wrong(
      `head: got the CRC-32 ${hex(found)}; expected ${shard.head ? hex(shard.head.crc32) : 'none'}, as in the manifest.`,
    );
  }
  const { tensors, dataStart } = readHeader(head, shard.bytes, wrong);
  const names = Object.keys(modalities);
  const expectedNames = [CHECKSUMS, ...names];
  if (tensors.size !== expectedNames.length || !expectedNames.every((name) => tensors.has(name))) {
    throw wrong(
      `tensors: got ${[...tensors.keys()].join(', ')}; expected ${expectedNames.join(', ')}, as in the manifest.`,
    );
  }
  const starts: { [modality: string]: number } = {};
  for (const name of expectedNames) {
    const { dtype, shape, start } = tensors.get(name)!;
    const modality = modalities[name];
    const expected = modality
      ? `${DTYPES[modality.dtype]} [${[shard.samples.length, ...modality.shape]}]`
      : `U32 [${[shard.samples.length, names.length]}]`;
    const stored = `${dtype} [${shape}]`;
    if (stored !== expected) {
      throw wrong(`'${name}': got ${stored}; expected ${expected}, as in the manifest.`);
    }
    starts[name] = start;
  }
  const { [CHECKSUMS]: at, ...rest } = starts;
  if (at !== dataStart || tensors.get(CHECKSUMS)!.end !== head.length) {
    throw wrong(
      `'${CHECKSUMS}': got another place; expected it to end the ${head.length} bytes of the head.`,
    );
  }
  // A copy, since the checksums may begin at any byte of the head's buffer.
  const crcs = new Uint32Array(new Uint8Array(head.subarray(dataStart)).buffer);
  return { headBytes: head.length, bytes: shard.bytes, starts: rest, crcs };
}

/** A CRC-32 as it is usually written. */
export const hex = (crc: number): string => crc.toString(16).padStart(8, '0');

function readHeader(
  head: Uint8Array,
  bytes: number,
  wrong: (reason: string, cause: unknown) => DatasetError,
) {
  try {
    return readSafetensorsHead(head, bytes);
  } catch (error) {
    if (error instanceof SafetensorsError)
      throw wrong(`got a damaged header; expected one of safetensors: ${error.message}.`, error);
    throw error;
  }
}
