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

/** Name of the tensor of checksums, which comes first. */
const checksums = 'crc32';
const dtypes: { [dtype in StoredModality['dtype']]: SafetensorsDtype } = { uint8: 'U8', float32: 'F32' };

/** The modalities of a shard, by name; their order is that of its checksums. */
export type StoredModalities = { readonly [name: string]: StoredModality };

/** Bytes that one sample of a modality takes. */
export const sampleBytes = ({ dtype, shape }: StoredModality): number =>
  shape.reduce((product, size) => product * size, dtype === 'uint8' ? 1 : 4);

/** Where what is in a shard. */
export interface ShardLayout {
  /** Bytes of the header and the checksums together. */
  headBytes: number;
  /** Bytes of the whole file. */
  bytes: number;
  /** Where the first sample of each modality begins. */
  starts: { [modality: string]: number };
}

/**
 * How a shard of `samples` samples lies in its file, and the bytes that come before its checksums.
 * @throws {DatasetError} when a modality has a name that is taken
 */
export function layOutShard(
  modalities: StoredModalities,
  samples: number,
): ShardLayout & { header: Uint8Array } {
  if (checksums in modalities)
    throw new DatasetError(`a modality can't be called '${checksums}': the checksums are`);
  const names = Object.keys(modalities);
  const wanted = new Map<string, { dtype: SafetensorsDtype; shape: number[] }>();
  wanted.set(checksums, { dtype: 'U32', shape: [samples, names.length] });
  for (const [name, { dtype, shape }] of Object.entries(modalities)) {
    wanted.set(name, { dtype: dtypes[dtype], shape: [samples, ...shape] });
  }
  const { header, tensors, bytes } = layOutSafetensors({
    tensors: wanted,
    metadata: { format: 'amr-shard' },
  });
  const starts = Object.fromEntries(names.map((name) => [name, tensors.get(name)!.start]));
  return { header, headBytes: tensors.get(checksums)!.end, bytes, starts };
}

/** The head of a shard that was read and found to be right. */
export interface ShardHead extends ShardLayout {
  /** CRC-32 of each sample's bytes of each modality, `[samples, modalities]`. */
  crcs: Uint32Array;
}

/** What is to be done about a shard that isn't what its manifest says. */
export const prepareAnew = 'prepare this shard anew: delete it and run the same command';

/**
 * Reads the head of a shard: what comes before its first sample.
 * @param head as many bytes as the manifest says
 * @param file name of the shard, for errors
 * @throws {DatasetError} when it isn't the one that the manifest tells of, or doesn't hold what the manifest says
 */
export function readShardHead(
  head: Uint8Array,
  shard: ManifestShard,
  modalities: StoredModalities,
  file: string,
): ShardHead {
  const wrong = (reason: string, cause?: unknown) =>
    new DatasetError(`${reason}; ${prepareAnew}`, { file, offset: 0, cause });
  const found = crc32(head);
  if (found !== shard.head?.crc32) {
    throw wrong(
      `the head has the CRC-32 ${hex(found)}, the manifest says ${shard.head ? hex(shard.head.crc32) : 'none'}`,
    );
  }
  const { tensors, dataStart } = readHeader(head, shard.bytes, wrong);
  const names = Object.keys(modalities);
  const wanted = [checksums, ...names];
  if (tensors.size !== wanted.length || !wanted.every((name) => tensors.has(name))) {
    throw wrong(`it holds ${[...tensors.keys()].join(', ')}; the manifest says ${wanted.join(', ')}`);
  }
  const starts: { [modality: string]: number } = {};
  for (const name of wanted) {
    const { dtype, shape, start } = tensors.get(name)!;
    const modality = modalities[name];
    const expected = modality
      ? `${dtypes[modality.dtype]} [${[shard.samples.length, ...modality.shape]}]`
      : `U32 [${[shard.samples.length, names.length]}]`;
    const stored = `${dtype} [${shape}]`;
    if (stored !== expected) throw wrong(`'${name}' is ${stored}, the manifest says ${expected}`);
    starts[name] = start;
  }
  const { [checksums]: at, ...rest } = starts;
  if (at !== dataStart || tensors.get(checksums)!.end !== head.length) {
    throw wrong(`'${checksums}' is not what ends the ${head.length} bytes of the head`);
  }
  // A copy: the checksums need not lie at a multiple of four bytes of the buffer that the head came in.
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
    if (error instanceof SafetensorsError) throw wrong(error.message, error);
    throw error;
  }
}
