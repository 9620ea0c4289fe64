import { inflateSync } from 'node:zlib';
import { type MatArray, MatError, readMat } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';

/**
 * The variable of that name in a MAT-file, of the sizes that are given; `undefined` is any size from 1.
 * @param most bytes that it may take in memory
 * @throws {DatasetError} with `file`, and the byte's offset where there is one
 */
export function matVariable(
  bytes: Uint8Array,
  name: string,
  sizes: readonly (number | undefined)[],
  most: number,
  file: string,
): MatArray {
  let array: MatArray;
  try {
    array = readMat(bytes, { variables: [name], maxBytes: most, inflate }).get(name)!;
  } catch (cause) {
    if (!(cause instanceof MatError)) throw cause;
    throw new DatasetError(cause.reason, { file, offset: cause.offset, cause });
  }
  // MATLAB keeps no last axes of size 1.
  const dimensions = [...array.dimensions];
  while (dimensions.length < sizes.length) dimensions.push(1);
  const fits =
    dimensions.length === sizes.length &&
    dimensions.every((size, axis) => size === (sizes[axis] ?? Math.max(1, size)));
  if (!fits || /int64/.test(array.dtype)) {
    const expected = sizes.map((size) => size ?? 'n').join(' x ');
    throw new DatasetError(
      `${name} is ${array.dimensions.join(' x ')} of ${array.dtype}; ${expected} numbers were expected`,
      { file },
    );
  }
  return { ...array, dimensions };
}

const inflate = (packed: Uint8Array, most: number): Uint8Array =>
  inflateSync(packed, { maxOutputLength: most, chunkSize: Math.max(64, Math.min(most, 2 ** 20)) });
