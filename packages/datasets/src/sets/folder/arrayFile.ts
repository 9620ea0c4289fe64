import { parse } from 'node:path';
import { FormatError, float32ValuesOf, type NumericArray, readNpy, readNpz } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';
import { readWholeFile } from '../../source/readWholeFile.js';
import type { StoredModality } from '../../source/sourceFormat.js';

/** Limit of an array's bytes, since it is read at once. */
const MAX_BYTES = 2 ** 30;
/** Limits of an archive's unpacked bytes: a minimum, and a multiple of its size. */
const UNPACKED = { bytes: 2 ** 26, ratio: 64 };

/**
 * Reads the array of a `.npy` file, or the only one of a `.npz` file.
 * @throws {DatasetError} with `file` when it is damaged, empty, or has another number of arrays
 */
export async function readArray(file: string, signal?: AbortSignal): Promise<NumericArray> {
  const bytes = await readWholeFile(file, signal, MAX_BYTES);
  let array: NumericArray;
  try {
    array = isNpy(file) ? readNpy(bytes) : onlyArray(bytes, file);
  } catch (cause) {
    if (cause instanceof FormatError) throw new DatasetError(cause.message, { file, cause });
    throw cause;
  }
  if (array.values.length === 0) {
    throw new DatasetError(
      `got an array of shape [${array.shape.join(', ')}]; expected at least one value.`,
      {
        file,
      },
    );
  }
  return array;
}

/** Type in which an array is stored: bytes stay bytes. */
export const storedType = ({ dtype }: NumericArray): StoredModality['dtype'] =>
  dtype === 'uint8' ? 'uint8' : 'float32';

/**
 * The values of an array in its {@link storedType}.
 * @throws {DatasetError} with `file` when a value is not finite in 32 bits
 */
export function storedValues(array: NumericArray, file: string): Uint8Array | Float32Array {
  if (array.dtype === 'uint8') return array.values as Uint8Array;
  const values = float32ValuesOf(array);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new DatasetError(`value ${at}: got ${values[at]}; expected a finite 32-bit float.`, { file });
  }
  return values;
}

const isNpy = (file: string) => parse(file).ext.toLowerCase() === '.npy';

function onlyArray(bytes: Uint8Array, file: string): NumericArray {
  const maxBytes = Math.min(MAX_BYTES, Math.max(UNPACKED.bytes, UNPACKED.ratio * bytes.length));
  const arrays = readNpz(bytes, { maxBytes });
  if (arrays.size !== 1) {
    const some = [...arrays.keys()].slice(0, 8).join(', ');
    throw new DatasetError(`got an archive of ${arrays.size} arrays (${some}); expected one.`, { file });
  }
  return [...arrays.values()][0]!;
}
