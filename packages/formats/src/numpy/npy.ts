import { FormatError } from '../errors.js';
import { bytesOf, decodeElements, type ElementType, type NumericArray, sizeOf } from '../numericArray.js';
import { rowByRow } from '../rowByRow.js';

/** Bytes that aren't NumPy's .npy format, or an array of a kind that isn't read here. */
export class NpyError extends FormatError {
  /** The name of the class. */
  override readonly name = 'NpyError';
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
/** As many as NumPy 2 has; NumPy 1 had 32. */
export const MAX_AXES = 64;
/** What describes an array of numbers takes a fraction of it; NumPy itself reads 10,000 bytes of files that aren't trusted. */
const MAX_HEADER = 2 ** 16;
const MAGIC = '\x93NUMPY';

/**
 * Reads an array that `numpy.save` wrote (NEP 1, versions 1 to 3): numbers and booleans of either byte order, in C or
 * Fortran order. The elements come row by row. Arrays of objects (pickles), texts and records are refused.
 * @throws {NpyError} when the bytes are something else, or more or fewer than the shape asks for
 */
export function readNpy(bytes: Uint8Array): NumericArray {
  const { description, start } = headerOf(bytes);
  const code = /^\s*\{.*'descr'\s*:\s*'([<>|=])(\w+)'/.exec(description);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(description);
  const sizes = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(description);
  const dtype = code && Object.hasOwn(ELEMENTS, code[2]!) ? ELEMENTS[code[2]!] : undefined;
  if (!code || !dtype || !order || !sizes) {
    throw new NpyError(
      `got an array described as ${description.trim().slice(0, 120)}; expected a shape and a type such as '<f4', one of ` +
        `${Object.keys(ELEMENTS).join(', ')}`,
    );
  }
  const shape = (sizes[1]!.match(/\d+/g) ?? []).map(Number);
  if (shape.length > MAX_AXES) {
    throw new NpyError(`got an array of ${shape.length} axes; expected at most ${MAX_AXES}`);
  }
  const size = sizeOf(shape) * bytesOf(dtype);
  const data = bytes.subarray(start);
  if (data.length !== size) {
    throw new NpyError(
      `an array of shape [${shape}] and type ${dtype} takes ${size} bytes, got ${data.length}`,
    );
  }
  const fortran = order[1] === 'True' && shape.length > 1;
  // In Fortran's order the first axis runs fastest.
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const packed = fortran ? rowByRow(data, bytesOf(dtype), shape, strides) : data;
  return { dtype, shape, values: decodeElements(dtype, packed, code[1] === '>') };
}

/** The Python dict that describes the array, and where the array's bytes start. */
function headerOf(bytes: Uint8Array): { description: string; start: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < 12)
    throw new NpyError('expected .npy data, which begin with \\x93NUMPY');
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw new NpyError(`got version ${version} of the format; expected 1, 2 or 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = version === 1 ? 10 : 12;
  const start = header + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > MAX_HEADER) {
    throw new NpyError(`the header should take ${start} bytes; expected at most ${MAX_HEADER}`);
  }
  if (start > bytes.length) {
    throw new NpyError(`the header should end at byte ${start}, but there are ${bytes.length}: cut off?`);
  }
  return { description: new TextDecoder().decode(bytes.subarray(header, start)), start };
}
