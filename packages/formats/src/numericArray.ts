/** Element types, by NumPy's names (`bfloat16` is PyTorch's). */
export type ElementType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool';

/** The typed arrays of the elements: 16 bit floats become float32, booleans 0 and 1 in bytes. */
export type NumericValues =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Numbers with a shape. */
export interface NumericArray {
  /** Type of the elements in the file. */
  dtype: ElementType;
  /** Sizes of the axes; [] is a scalar. */
  shape: number[];
  /** The elements, row by row. A view of the file's bytes where their layout allows it, otherwise a copy. */
  values: NumericValues;
}

interface Codec {
  bytes: number;
  /** The values of bytes that are little-endian and aligned. */
  values(buffer: ArrayBufferLike, offset: number, length: number): NumericValues;
}

const CODECS: { readonly [dtype in ElementType]: Codec } = {
  float64: { bytes: 8, values: (b, at, n) => new Float64Array(b, at, n) },
  float32: { bytes: 4, values: (b, at, n) => new Float32Array(b, at, n) },
  float16: { bytes: 2, values: (b, at, n) => halves(new Uint16Array(b, at, n)) },
  bfloat16: { bytes: 2, values: (b, at, n) => brainFloats(new Uint16Array(b, at, n)) },
  int64: { bytes: 8, values: (b, at, n) => new BigInt64Array(b, at, n) },
  int32: { bytes: 4, values: (b, at, n) => new Int32Array(b, at, n) },
  int16: { bytes: 2, values: (b, at, n) => new Int16Array(b, at, n) },
  int8: { bytes: 1, values: (b, at, n) => new Int8Array(b, at, n) },
  uint64: { bytes: 8, values: (b, at, n) => new BigUint64Array(b, at, n) },
  uint32: { bytes: 4, values: (b, at, n) => new Uint32Array(b, at, n) },
  uint16: { bytes: 2, values: (b, at, n) => new Uint16Array(b, at, n) },
  uint8: { bytes: 1, values: (b, at, n) => new Uint8Array(b, at, n) },
  bool: { bytes: 1, values: (b, at, n) => new Uint8Array(b, at, n) },
};

/** Number of bytes of one element in a file. */
export const bytesOf = (dtype: ElementType): number => CODECS[dtype].bytes;

/** Whether a value is a size or a number of elements: a whole number from 0. */
export const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a value is a list of sizes, such as a shape. */
export const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);

/** Product of the sizes: 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/**
 * The elements of these bytes, row by row: a view where the bytes are aligned and little-endian and the element type needs
 * no conversion, otherwise a copy. The bytes of booleans are returned unchanged.
 * @param bytes a whole number of elements
 */
export function decodeElements(dtype: ElementType, bytes: Uint8Array, bigEndian = false): NumericValues {
  const { bytes: width, values } = CODECS[dtype];
  const length = bytes.length / width;
  if (width === 1 || (!bigEndian && bytes.byteOffset % width === 0)) {
    return values(bytes.buffer, bytes.byteOffset, length);
  }
  // Not slice(): in Node's Buffer, slice() makes a view.
  const copy = new Uint8Array(bytes);
  if (bigEndian) {
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  }
  return values(copy.buffer, 0, length);
}

/**
 * The array's elements as float32, row by row; the array itself when they are float32. Other values are rounded to float32.
 *
 * @example
 * ```ts
 * import { float32ValuesOf } from '@amr/formats';
 *
 * console.log(float32ValuesOf({ dtype: 'int64', shape: [2], values: BigInt64Array.of(1n, 2n) })); // Float32Array [1, 2]
 * ```
 */
export function float32ValuesOf({ values }: NumericArray): Float32Array {
  if (values instanceof Float32Array) return values;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return Float32Array.from(values, Number);
  return Float32Array.from(values);
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function halves(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = half(bits[i]!);
  return values;
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
function brainFloats(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}
