import { sizeOf } from './numericArray.js';

/**
 * Copies the elements of an array so that they lie row by row.
 *
 * @param bytes the stored elements
 * @param width bytes of an element
 * @param strides for each axis, the number of elements from one index to the next
 * @param offset of the first element, in elements
 */
export function rowByRow(
  bytes: Uint8Array,
  width: number,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Uint8Array {
  const packed = new Uint8Array(sizeOf(shape) * width);
  const index = shape.map(() => 0);
  let from = offset * width;
  for (let to = 0; to < packed.length; to += width) {
    for (let byte = 0; byte < width; byte++) packed[to + byte] = bytes[from + byte]!;
    // Increments the index: the last axis first, with a carry.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]! * width;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]! * width;
      index[axis] = 0;
    }
  }
  return packed;
}
