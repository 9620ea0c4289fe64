import { inflateSync } from 'node:zlib';
import { type MatArray, MatError, readMat } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';

/**
 * Reads a variable of a MAT-file.
 * @param sizes expected sizes of its axes; `undefined` is any size from 1
 * @param maxBytes limit of its bytes in memory
 * @throws {DatasetError} with `file`, and the byte's offset where there is one
 */
export function matVariable(
  bytes: Uint8Array,
  name: string,
  sizes: readonly (number | undefined)[],
  maxBytes: number,
  file: string,
): MatArray {
  let array: MatArray;
  try {
    array = readMat(bytes, { variables: [name], maxBytes, inflate }).get(name)!;
  } catch (cause) {
    if (!(cause instanceof MatError)) throw cause;
    throw new DatasetError(cause.reason, { file, offset: cause.offset, cause });
  }
  // MATLAB drops last axes of size 1.
  const dimensions = [...array.dimensions];
  while (dimensions.length < sizes.length) dimensions.push(1);
  const fits =
    dimensions.length === sizes.length &&
    dimensions.every((size, axis) => size === (sizes[axis] ?? Math.max(1, size)));
  if (!fits || /int64/.test(array.dtype)) {
    const expected = sizes.map((size) => size ?? 'n').join(' x ');
    throw new DatasetError(
      `${name}: got ${array.dimensions.join(' x ')} of ${array.dtype}; expected ${expected} numbers.`,
      { file },
    );
  }
  return { ...array, dimensions };
}

const inflate = (packed: Uint8Array, maxBytes: number): Uint8Array =>
  inflateSync(packed, { maxOutputLength: maxBytes, chunkSize: Math.max(64, Math.min(maxBytes, 2 ** 20)) });
