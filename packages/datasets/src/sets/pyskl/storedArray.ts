import { open } from 'node:fs/promises';
import { type ElementType, float32ValuesOf, NumpyArray } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';

/** Where an array's bytes are in a file, and what they mean. Plain data. */
export interface StoredArray {
  /** Type of the elements. */
  dtype: ElementType;
  /** Sizes of the axes. */
  shape: number[];
  /** Elements from one index of each axis to the next, where they don't lie row by row. */
  strides?: number[];
  /** Whether the most significant byte of an element is its first. */
  bigEndian: boolean;
  /** Position of the first byte in the file. */
  offset: number;
  /** How many bytes it takes. */
  bytes: number;
}

/** Where an array out of a pickle is in its file; undefined when its bytes are no part of it, as in protocol 2. */
export function storedArray(array: NumpyArray, file: Uint8Array): StoredArray | undefined {
  const { dtype, shape, strides, bigEndian, bytes } = array;
  if (bytes.buffer !== file.buffer) return undefined;
  const offset = bytes.byteOffset - file.byteOffset;
  return { dtype, shape, ...(strides && { strides }), bigEndian, offset, bytes: bytes.length };
}

/**
 * Reads arrays that lie in a file, as float32, row by row.
 * @param size bytes of the file when it was looked through
 * @throws {DatasetError} when the file is another one now
 */
export async function readStoredArrays(
  file: string,
  size: number,
  arrays: readonly StoredArray[],
): Promise<Float32Array[]> {
  const handle = await open(file).catch((cause: Error) => {
    throw new DatasetError(cause.message, { file, cause });
  });
  try {
    const now = (await handle.stat()).size;
    if (now !== size) {
      throw new DatasetError(`the file has ${now} bytes, ${size} when it was listed; list it anew`, { file });
    }
    return await Promise.all(
      arrays.map(async ({ offset, bytes: length, ...described }) => {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await handle.read(bytes, 0, length, offset);
        if (bytesRead < length) throw new DatasetError('the file ends within an array', { file, offset });
        return float32ValuesOf(Object.assign(new NumpyArray(), described, { bytes }));
      }),
    );
  } finally {
    await handle.close();
  }
}
