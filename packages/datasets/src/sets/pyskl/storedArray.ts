import { open } from 'node:fs/promises';
import { type ElementType, float32ValuesOf, NumpyArray } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';

/** Position and meaning of an array's bytes in a file. Plain data. */
export interface StoredArray {
  /** Type of the elements. */
  dtype: ElementType;
  /** Sizes of the axes. */
  shape: number[];
  /** Elements from one index of each axis to the next; absent for row by row. */
  strides?: number[];
  /** Whether the most significant byte of an element comes first. */
  bigEndian: boolean;
  /** Position of the first byte in the file. */
  offset: number;
  /** Number of bytes. */
  bytes: number;
}

/** The position of a pickle's array in its file; undefined when the file doesn't contain its bytes as they are, as in protocol 2. */
export function storedArray(array: NumpyArray, file: Uint8Array): StoredArray | undefined {
  const { dtype, shape, strides, bigEndian, bytes } = array;
  if (bytes.buffer !== file.buffer) return undefined;
  const offset = bytes.byteOffset - file.byteOffset;
  return { dtype, shape, ...(strides && { strides }), bigEndian, offset, bytes: bytes.length };
}

/**
 * Reads arrays of a file as float32, row by row.
 * @param size size of the file when it was listed
 * @throws {DatasetError} when the file has changed
 */
export async function readStoredArrays(
  file: string,
  size: number,
  arrays: readonly StoredArray[],
): Promise<Float32Array[]> {
  const handle = await open(file).catch((cause: Error) => {
    throw new DatasetError(`got an error: ${cause.message}; expected a file.`, { file, cause });
  });
  try {
    const now = (await handle.stat()).size;
    if (now !== size) {
      throw new DatasetError(`got ${now} bytes; expected ${size}, as when it was listed. List it again.`, {
        file,
      });
    }
    return await Promise.all(
      arrays.map(async ({ offset, bytes: length, ...described }) => {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await handle.read(bytes, 0, length, offset);
        if (bytesRead < length) {
          throw new DatasetError(`got the file's end; expected ${length} bytes of an array.`, {
            file,
            offset,
          });
        }
        return float32ValuesOf(Object.assign(new NumpyArray(), described, { bytes }));
      }),
    );
  } finally {
    await handle.close();
  }
}
