import { FormatError } from '../errors.js';
import {
  bytesOf,
  decodeElements,
  type ElementType,
  type NumericArray,
  type NumericValues,
  sizeOf,
} from '../numericArray.js';
import { rowByRow } from '../rowByRow.js';
import { MatError } from './matError.js';
import { InflatedSource, type MatSource, PlainSource } from './matSource.js';

/** How a MAT-file is read. */
export interface MatOptions {
  /**
   * Names of the variables that are wanted, each of which must be there and be an array of real numbers. Absent: every variable that
   * is one; the others are passed over.
   */
  variables?: readonly string[];
  /** The most bytes that the variables may take beside the file, unpacked or widened. Default 1 GiB. */
  maxBytes?: number;
  /**
   * Unpacks zlib's format to at most so many bytes, or throws. Node's own is ten times faster than the default, which is JavaScript:
   * `(packed, most) => inflateSync(packed, { maxOutputLength: most })` of `node:zlib`. It has to compare the checksum itself.
   */
  inflate?: (packed: Uint8Array, most: number) => Uint8Array;
}

/** An array of a MAT-file, column by column as MATLAB keeps it. */
export interface MatArray {
  /** Type of the elements: MATLAB's class by NumPy's name, `'float64'` for double; `'bool'` for logical. */
  dtype: ElementType;
  /** Sizes of the axes, two or more. */
  dimensions: number[];
  /**
   * The elements, first axis fastest: element (i, j, k) of [I, J, K] is at i + I * (j + J * k). The same values are, without any
   * work, an array of the reversed axes [K, J, I] that lies row by row.
   */
  values: NumericValues;
}

const MATRIX = 14;
const COMPRESSED = 15;
const LOGICAL = 0x0200;
const COMPLEX = 0x0800;
const OPAQUE = 17;
/** MATLAB's names have 63 letters. With 256 sizes, still so few bytes that a header is unpacked before all is. */
const MAX_NAME = 256;

/** Types of data elements, by their number. */
const STORED: { readonly [type: number]: ElementType } = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
  12: 'int64',
  13: 'uint64',
};
/** Classes of numeric arrays, by their number. */
const NUMERIC: { readonly [matClass: number]: ElementType } = {
  6: 'float64',
  7: 'float32',
  8: 'int8',
  9: 'uint8',
  10: 'int16',
  11: 'uint16',
  12: 'int32',
  13: 'uint32',
  14: 'int64',
  15: 'uint64',
};
const OTHER: { readonly [matClass: number]: string } = {
  1: 'a cell array',
  2: 'a struct',
  3: 'an object',
  4: 'a text',
  5: 'a sparse matrix',
  16: 'a function handle',
  17: 'an object',
};

/**
 * Reads the variables of a MAT-file of level 5 (MathWorks, "MAT-File Format", the files of `save` with `-v6` and `-v7`), compressed
 * or not, of either byte order: real arrays of all numeric classes and logical ones. Texts, cells, structs, objects, sparse and
 * complex arrays are passed over. Of a packed variable no more is unpacked than it declares, and its checksum is compared.
 *
 * @param bytes the whole file
 * @param options which variables, how much memory; see {@link MatOptions}
 * @returns the arrays by name, column by column; {@link matRowByRow} makes one row by row
 * @throws {MatError} with the byte `offset`, when the file is of another kind (also level 4, and version 7.3, which is HDF5), is
 *   damaged or cut off, declares more than `maxBytes`, or lacks one of `variables` or has it as something else
 */
export function readMat(bytes: Uint8Array, options: MatOptions = {}): Map<string, MatArray> {
  const { maxBytes = 2 ** 30, variables, inflate } = options;
  const bigEndian = byteOrderOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = variables && new Set(variables);
  const budget = { left: maxBytes, maxBytes };
  const arrays = new Map<string, MatArray>();
  const names = new Set<string>();
  for (let at = 128; at < bytes.length; ) {
    if (bytes.length - at < 8)
      throw new MatError(`a tag of 8 bytes was expected, ${bytes.length - at} are left: cut off?`, at);
    const type = view.getUint32(at, !bigEndian);
    const size = view.getUint32(at + 4, !bigEndian);
    const start = at + 8;
    if (type !== MATRIX && type !== COMPRESSED) {
      throw new MatError(
        `an element of type ${type} was found; expected ${MATRIX} (matrix) or ${COMPRESSED} (compressed)`,
        at,
      );
    }
    if (size > bytes.length - start) {
      throw new MatError(
        `an element of ${size} bytes is declared, ${bytes.length - start} are left: cut off?`,
        at,
      );
    }
    if (type === MATRIX && size === 0) {
      at = start;
      continue;
    }
    const data = bytes.subarray(start, start + size);
    const source =
      type === MATRIX
        ? new PlainSource(data, bigEndian, start)
        : new InflatedSource(data, bigEndian, at, inflate);
    const variable = headerOf(source);
    const { name } = variable;
    if (name !== '' && names.has(name)) {
      throw new MatError(`the variable '${name}' is there twice`, at);
    }
    names.add(name);
    // What has no name is the subsystem's data, which objects refer to.
    if (name !== '' && (!wanted || wanted.has(name))) {
      if (variable.unread === undefined) arrays.set(name, arrayOf(source, variable, budget));
      else if (wanted) {
        throw new MatError(
          `the variable '${name}' is ${variable.unread}; expected an array of real numbers`,
          at,
        );
      }
    }
    at = start + size;
  }
  for (const name of variables ?? []) {
    if (!arrays.has(name)) {
      const found = [...names].filter((other) => other !== '');
      throw new MatError(`there is no variable '${name}'; found ${found.join(', ') || 'none'}`, bytes.length);
    }
  }
  return arrays;
}

/**
 * The same array, row by row.
 *
 * @example
 * ```ts
 * import { matRowByRow } from '@amr/formats';
 *
 * // [1 2 3; 4 5 6]
 * const matrix = { dtype: 'uint8' as const, dimensions: [2, 3], values: Uint8Array.of(1, 4, 2, 5, 3, 6) };
 * console.log(matRowByRow(matrix)); // { dtype: 'uint8', shape: [2, 3], values: Uint8Array [1, 2, 3, 4, 5, 6] }
 * ```
 */
export function matRowByRow({ dtype, dimensions, values }: MatArray): NumericArray {
  const width = values.BYTES_PER_ELEMENT;
  const strides = dimensions.map((_, axis) => sizeOf(dimensions.slice(0, axis)));
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const packed = values.length === 0 ? bytes.slice() : rowByRow(bytes, width, dimensions, strides);
  return { dtype, shape: [...dimensions], values: decodeElements(dtype, packed) };
}

/** Whether the file is big-endian. Refuses what is no MAT-file of level 5. */
function byteOrderOf(bytes: Uint8Array): boolean {
  const text = (start: number, end: number) => String.fromCharCode(...bytes.subarray(start, end));
  const order = text(126, 128);
  const version = order === 'MI' ? bytes[124]! : bytes[125]!;
  if (
    text(1, 8) === 'HDF\r\n\x1a\n' ||
    text(0, 10) === 'MATLAB 7.3' ||
    (/MI|IM/.test(order) && version === 2)
  ) {
    throw new MatError(
      "a MAT-file of version 7.3 (HDF5) was found, level 5 was expected: load it in MATLAB and save it with save(file, '-v7')",
      0,
    );
  }
  if (bytes.length < 128) {
    throw new MatError(`a header of 128 bytes was expected, there are ${bytes.length}: cut off?`, 0);
  }
  if (order !== 'MI' && order !== 'IM') {
    const level4 = bytes.subarray(0, 4).includes(0);
    throw new MatError(
      `expected a MAT-file of level 5, whose bytes 126 and 127 are 'MI' or 'IM'${level4 ? '; a file of level 4 is to be saved anew with -v7' : ''}`,
      126,
    );
  }
  if (version !== 1) throw new MatError(`version ${version} was found, 1 (level 5) was expected`, 124);
  return order === 'MI';
}

interface Variable {
  name: string;
  dimensions: number[];
  dtype: ElementType;
  /** What it is instead of an array of real numbers. */
  unread?: string;
  /** Where the values' element begins. */
  values: number;
}

function headerOf(source: MatSource): Variable {
  const none = { name: '', dimensions: [], dtype: 'uint8' as const, values: 0 };
  // An empty cell's content is such a matrix.
  if (source.length === 0) return { ...none, unread: 'empty' };
  const flags = source.element(0);
  if (flags.type !== 6 || flags.size !== 8) throw source.error(0, 'array flags were expected');
  const word = source.u32(flags.start);
  const matClass = word & 0xff;
  let at = flags.next;
  let dimensions: number[] = [];
  if (matClass !== OPAQUE) {
    const sizes = source.element(at);
    if (sizes.type !== 5 || sizes.size % 4 !== 0 || sizes.size < 8) {
      throw source.error(at, 'the sizes of two or more dimensions were expected');
    }
    if (sizes.size > 4 * 256)
      throw source.error(at, `${sizes.size / 4} dimensions were found, at most 256 expected`);
    dimensions = Array.from({ length: sizes.size / 4 }, (_, i) => source.u32(sizes.start + 4 * i));
    at = sizes.next;
  }
  const label = source.element(at);
  if ((label.type !== 1 && label.type !== 16) || label.size > MAX_NAME) {
    throw source.error(at, 'the name of a variable was expected');
  }
  const name = new TextDecoder().decode(source.bytes(label.start, label.size));
  const dtype = NUMERIC[matClass];
  if (dtype === undefined) {
    if (OTHER[matClass] === undefined) throw source.error(0, `${matClass} is no class of arrays`);
    return { ...none, name, unread: OTHER[matClass] };
  }
  return {
    name,
    dimensions,
    dtype: word & LOGICAL ? 'bool' : dtype,
    ...(word & COMPLEX && { unread: 'an array of complex numbers' }),
    values: label.next,
  };
}

function arrayOf(
  source: MatSource,
  variable: Variable,
  budget: { left: number; maxBytes: number },
): MatArray {
  const { name, dimensions, dtype, values: at } = variable;
  const data = source.element(at);
  const stored = STORED[data.type];
  if (stored === undefined) {
    throw source.error(at, `values of '${name}' are of type ${data.type}, which is none of numbers`);
  }
  const count = sizeOf(dimensions);
  if (count * bytesOf(stored) !== data.size) {
    throw source.error(
      at,
      `'${name}' is ${dimensions.join(' x ')}, which takes ${count * bytesOf(stored)} bytes of ${stored}; ${data.size} are there`,
    );
  }
  const asStored = stored === dtype || (dtype === 'bool' && stored === 'uint8');
  budget.left -= source.cost + (asStored ? 0 : count * bytesOf(dtype));
  if (budget.left < 0) throw source.error(at, `the variables take more than maxBytes, ${budget.maxBytes}`);
  const bytes = source.bytes(data.start, data.size);
  source.verify();
  const values = decodeElements(stored, bytes, source.bigEndian);
  if (asStored) return { dtype, dimensions, values };
  try {
    return { dtype, dimensions, values: widened(values, dtype) };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw source.error(at, `'${name}' holds ${cause.message}`);
  }
}

/** Values that are stored as a narrower type than their class, as MATLAB does where nothing is lost. */
function widened(values: NumericValues, dtype: ElementType): NumericValues {
  const wide = decodeElements(dtype, new Uint8Array(values.length * bytesOf(dtype)));
  const big = wide instanceof BigInt64Array || wide instanceof BigUint64Array;
  const exact = dtype !== 'float32' && dtype !== 'float64';
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (big && !Number.isSafeInteger(Number(value))) {
      throw new FormatError(`the value ${value}, which is none of ${dtype}`);
    }
    if (dtype === 'bool') wide[i] = Number(value) === 0 ? 0 : 1;
    else if (big) wide[i] = BigInt(value);
    else wide[i] = Number(value);
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of the same value are equal
    if (exact && dtype !== 'bool' && wide[i]! != value) {
      throw new FormatError(`the value ${value}, which is none of ${dtype}`);
    }
  }
  return wide;
}
