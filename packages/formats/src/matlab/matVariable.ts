import { bytesOf, decodeElements, type ElementType, type NumericValues, sizeOf } from '../numericArray.js';
import type { MatSource } from './matSource.js';

/** An array of a MAT-file, column by column as MATLAB stores it. */
export interface MatArray {
  /** Type of the elements: MATLAB's class by NumPy's name, `'float64'` for double; `'bool'` for logical. */
  dtype: ElementType;
  /** Sizes of the axes, two or more. */
  dimensions: number[];
  /**
   * The elements, first axis fastest: element (i, j, k) of [I, J, K] is at i + I * (j + J * k). The same values are an array
   * of the reversed axes [K, J, I] row by row.
   */
  values: NumericValues;
}

/** What the header of a variable says. */
interface MatVariable {
  name: string;
  dimensions: number[];
  dtype: ElementType;
  /** Its kind, when it is not an array of real numbers. */
  otherKind?: string;
  /** Position of the values' element. */
  values: number;
}

/** Reads the header of a variable: name, class, sizes. */
export function variableOf(source: MatSource): MatVariable {
  const none = { name: '', dimensions: [], dtype: 'uint8' as const, values: 0 };
  // The content of an empty cell is a matrix of length 0.
  if (source.length === 0) return { ...none, otherKind: 'empty' };
  const flags = source.element(0);
  if (flags.type !== 6 || flags.size !== 8)
    throw source.error(
      0,
      `got an element of type ${flags.type} and ${flags.size} bytes; expected array flags.`,
    );
  const word = source.u32(flags.start);
  const matClass = word & 0xff;
  let at = flags.next;
  let dimensions: number[] = [];
  if (matClass !== OPAQUE) {
    const sizes = source.element(at);
    if (sizes.type !== 5 || sizes.size % 4 !== 0 || sizes.size < 8) {
      throw source.error(
        at,
        `got an element of type ${sizes.type} and ${sizes.size} bytes; expected the sizes of two or more dimensions.`,
      );
    }
    if (sizes.size > 4 * MAX_DIMENSIONS) {
      throw source.error(at, `got ${sizes.size / 4} dimensions; expected at most ${MAX_DIMENSIONS}.`);
    }
    dimensions = Array.from({ length: sizes.size / 4 }, (_, i) => source.u32(sizes.start + 4 * i));
    at = sizes.next;
  }
  const label = source.element(at);
  if ((label.type !== 1 && label.type !== 16) || label.size > MAX_NAME) {
    throw source.error(
      at,
      `got an element of type ${label.type} and ${label.size} bytes; expected the name of a variable.`,
    );
  }
  const name = new TextDecoder().decode(source.bytes(label.start, label.size));
  const dtype = NUMERIC[matClass];
  if (dtype === undefined) {
    if (OTHER[matClass] === undefined) {
      throw source.error(0, `got the array class ${matClass}; expected 1 to 17.`);
    }
    return { ...none, name, otherKind: OTHER[matClass] };
  }
  return {
    name,
    dimensions,
    dtype: word & LOGICAL ? 'bool' : dtype,
    ...(word & COMPLEX && { otherKind: 'an array of complex numbers' }),
    values: label.next,
  };
}

/**
 * Reads the values of a variable.
 * @param budget the bytes that the variables may still take, reduced by this one's
 * @throws {MatError}
 */
export function arrayOf(
  source: MatSource,
  variable: MatVariable,
  budget: { left: number; maxBytes: number },
): MatArray {
  const { name, dimensions, dtype, values: at } = variable;
  const data = source.element(at);
  const stored = STORED[data.type];
  if (stored === undefined) {
    throw source.error(at, `got values of type ${data.type} for '${name}'; expected a type of numbers.`);
  }
  const count = sizeOf(dimensions);
  if (count * bytesOf(stored) !== data.size) {
    throw source.error(
      at,
      `got ${data.size} bytes for '${name}'; expected ${count * bytesOf(stored)}, for ${dimensions.join(' x ')} of ${stored}.`,
    );
  }
  const isAsStored = stored === dtype || (dtype === 'bool' && stored === 'uint8');
  budget.left -= source.cost + (isAsStored ? 0 : count * bytesOf(dtype));
  if (budget.left < 0) {
    throw source.error(at, `got variables of more than ${budget.maxBytes} bytes; expected at most maxBytes.`);
  }
  const bytes = source.bytes(data.start, data.size);
  source.verify();
  const values = decodeElements(stored, bytes, source.bigEndian);
  if (isAsStored) return { dtype, dimensions, values };
  const fail = (value: number | bigint): never => {
    throw source.error(at, `got the value ${value} for '${name}'; expected values of type ${dtype}.`);
  };
  return { dtype, dimensions, values: widen(values, dtype, fail) };
}

/**
 * Converts values that are stored in a narrower type than their class, as MATLAB does where no precision is lost.
 * @param fail throws the error for a value that the class doesn't have
 */
function widen(
  values: NumericValues,
  dtype: ElementType,
  fail: (value: number | bigint) => never,
): NumericValues {
  const wide = decodeElements(dtype, new Uint8Array(values.length * bytesOf(dtype)));
  const big = wide instanceof BigInt64Array || wide instanceof BigUint64Array;
  const exact = dtype !== 'float32' && dtype !== 'float64';
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (big && !Number.isSafeInteger(Number(value))) fail(value);
    if (dtype === 'bool') wide[i] = Number(value) === 0 ? 0 : 1;
    else if (big) wide[i] = BigInt(value);
    else wide[i] = Number(value);
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of the same value are equal
    if (exact && dtype !== 'bool' && wide[i]! != value) fail(value);
  }
  return wide;
}

const LOGICAL = 0x0200;
const COMPLEX = 0x0800;
const OPAQUE = 17;
/** MATLAB's names have at most 63 letters. With this limit and the next one, a header is read without unpacking everything. */
const MAX_NAME = 256;
const MAX_DIMENSIONS = 256;

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
