import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from '@amr/formats';
import { writeAtomically } from '@amr/internal/node';
import { DatasetError } from '../datasetError.js';
import type { ReadSample } from '../source/sourceFormat.js';
import type { ManifestShard } from './manifest.js';
import { layOutShard, type StoredModalities, sampleBytes } from './shardFile.js';

/** A sample of a shard: its entry in the manifest, and its arrays. */
export type ShardSample = ManifestShard['samples'][number] & Pick<ReadSample, 'arrays'>;

/** Small arrays are gathered into pieces of so many bytes before they are written. */
const PIECE_BYTES = 1 << 20;

/**
 * Writes a shard atomically. The arrays are written without a copy, so that a shard needs no memory besides them.
 * @param folder the folder of the manifest
 * @param file path of the shard in it, with slashes
 * @param modalities what each sample holds
 * @param samples in the order of the shard; without samples, no file is written
 * @returns what the manifest says of the shard, with no damaged samples
 * @throws {DatasetError} when arrays differ from `modalities`, or hold a number that isn't finite
 */
export async function writeShard(
  folder: string,
  file: string,
  modalities: StoredModalities,
  samples: readonly ShardSample[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<ManifestShard> {
  signal?.throwIfAborted();
  if (samples.length === 0) {
    return { file: null, bytes: 0, sha256: null, head: null, samples: [], damaged: [] };
  }
  const names = Object.keys(modalities);
  const crcs = new Uint32Array(samples.length * names.length);
  for (const [row, sample] of samples.entries()) {
    checkArrays(sample, modalities);
    for (const [column, name] of names.entries()) {
      crcs[row * names.length + column] = crc32(asBytes(sample.arrays[name]!));
    }
  }
  const { header, headBytes, bytes } = layOutShard(modalities, samples.length);
  const headCrc = crc32(asBytes(crcs), crc32(header));
  const hash = createHash('sha256');
  await writeAtomically(join(folder, ...file.split('/')), async (handle) => {
    const writer = bufferedWriter(handle, (piece) => hash.update(piece));
    await writer.write(header);
    await writer.write(asBytes(crcs));
    for (const name of names) {
      for (const { arrays } of samples) {
        signal?.throwIfAborted();
        await writer.write(asBytes(arrays[name]!));
      }
    }
    await writer.end();
  });
  return {
    file,
    bytes,
    sha256: hash.digest('hex'),
    head: { bytes: headBytes, crc32: headCrc },
    samples: samples.map(({ arrays: _, ...rest }) => rest),
    damaged: [],
  };
}

const asBytes = (values: Float32Array | Uint8Array | Uint32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function checkArrays({ id, arrays }: ShardSample, modalities: StoredModalities): void {
  for (const [name, modality] of Object.entries(modalities)) {
    const values = arrays[name];
    const Type = modality.dtype === 'uint8' ? Uint8Array : Float32Array;
    if (!(values instanceof Type) || values.byteLength !== sampleBytes(modality)) {
      throw new DatasetError(
        `sample '${id}', ${name}: got ${values ? `a ${values.constructor.name} of length ${values.length}` : 'nothing'}; expected a ${Type.name} of shape [${modality.shape}].`,
      );
    }
    if (values instanceof Uint8Array) continue;
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new DatasetError(
        `sample '${id}', ${name}: got ${values[at]} at position ${at}; expected finite numbers.`,
      );
    }
  }
}

/** Appends arrays to a file, small ones in one write: a shard of skeletons has thousands of small arrays. */
function bufferedWriter(file: FileHandle, onWrite: (piece: Uint8Array) => void) {
  const buffer = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  const put = async (piece: Uint8Array) => {
    onWrite(piece);
    for (let done = 0; done < piece.length; ) {
      done += (await file.write(piece, done)).bytesWritten;
    }
  };
  const end = async () => {
    const piece = buffer.subarray(0, filled);
    filled = 0;
    await put(piece);
  };
  return {
    async write(bytes: Uint8Array) {
      if (filled + bytes.length > buffer.length) await end();
      if (bytes.length > buffer.length) return put(bytes);
      buffer.set(bytes, filled);
      filled += bytes.length;
    },
    end,
  };
}
