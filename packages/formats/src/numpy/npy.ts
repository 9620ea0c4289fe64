import { formatValue } from '@amr/internal';
import { FormatError } from '../errors.js';
import { bytesOf, decodeElements, type ElementType, type NumericArray, sizeOf } from '../numericArray.js';
import { rowByRow } from '../rowByRow.js';

/** The bytes are not in NumPy's .npy format, or hold an array of a kind that is not read here. */
export class NpyError extends FormatError {
  /** The name of the class. */
  override readonly name = 'NpyError';
  /** Names the kind of error. */
  override readonly code = 'AMR_NPY';
}

/** NumPy's type codes without the byte order. */
export const ELEMENTS: { readonly [code: string]: ElementType } = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  i1: 'int8',
  u8: 'uint64',
  u4: 'uint32',
  u2: 'uint16',
  u1: 'uint8',
  b1: 'bool',
};
/** NumPy 2's limit; that of NumPy 1 was 32. */
export const MAX_AXES = 64;
/** Headers of arrays of numbers are much shorter; NumPy itself reads at most 10,000 bytes of untrusted files. */
const MAX_HEADER_BYTES = 2 ** 16;
const MAGIC = '\x93NUMPY';

/**
 * Reads an array that `numpy.save` wrote (NEP 1, versions 1 to 3): numbers and booleans of either byte order, in C or
 * Fortran order. The elements are returned row by row. Arrays of objects (pickles), texts and records are refused.
 * @throws {NpyError} when the bytes are in another format, or more or fewer than the shape needs
 */
export function readNpy(bytes: Uint8Array): NumericArray {
  return readNamedNpy(bytes, '.npy');
}

/** The same for an array that errors call by this name. */
export function readNamedNpy(bytes: Uint8Array, name: string): NumericArray {
  const { description, start } = headerOf(bytes, name);
  const code = /^\s*\{.*'descr'\s*:\s*'([<>|=])(\w+)'/.exec(description);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(description);
  const sizes = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(description);
  const dtype = code && Object.hasOwn(ELEMENTS, code[2]!) ? ELEMENTS[code[2]!] : undefined;
  if (!code || !dtype || !order || !sizes) {
    throw new NpyError(
      `${name}: got an array described as ${description.trim().slice(0, 120)}; expected a shape and a type such as '<f4', one of ` +
        `${Object.keys(ELEMENTS).join(', ')}.`,
    );
  }
  const shape = (sizes[1]!.match(/\d+/g) ?? []).map(Number);
  if (shape.length > MAX_AXES) {
    throw new NpyError(`${name}: got an array of ${shape.length} axes; expected at most ${MAX_AXES}.`);
  }
  const size = sizeOf(shape) * bytesOf(dtype);
  const data = bytes.subarray(start);
  if (data.length !== size) {
    throw new NpyError(
      `${name}: got ${data.length} bytes of data; expected ${size}, for shape ${formatValue(shape)} and type ${dtype}.`,
    );
  }
  const fortran = order[1] === 'True' && shape.length > 1;
  // In Fortran order, the first axis varies fastest.
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const packed = fortran ? rowByRow(data, bytesOf(dtype), shape, strides) : data;
  return { dtype, shape, values: decodeElements(dtype, packed, code[1] === '>') };
}

/** The Python dict that describes the array, and where the array's bytes start. */
function headerOf(bytes: Uint8Array, name: string): { description: string; start: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < 12)
    throw new NpyError(
      `${name}: got bytes of another format; expected .npy data, which begin with \\x93NUMPY.`,
    );
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw new NpyError(`${name}: got version ${version} of the format; expected 1, 2 or 3.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = version === 1 ? 10 : 12;
  const start = header + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > MAX_HEADER_BYTES) {
    throw new NpyError(`${name}: got a header of ${start} bytes; expected at most ${MAX_HEADER_BYTES}.`);
  }
  if (start > bytes.length) {
    throw new NpyError(
      `${name}: got ${bytes.length} bytes; expected a header up to byte ${start}. Was the file cut off?`,
    );
  }
  return { description: new TextDecoder().decode(bytes.subarray(header, start)), start };
}
