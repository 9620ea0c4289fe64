import { formatValue } from '@amr/internal';
import {
  bytesOf,
  decodeElements,
  type ElementType,
  isSizes,
  type NumericArray,
  type NumericValues,
  sizeOf,
} from '../numericArray.js';
import { describeValue, PickleError, PickleRefusedError } from '../pickle/pickleErrors.js';
import type { PickleGlobal } from '../pickle/pickleMachine.js';
import { rowByRow } from '../rowByRow.js';
import { ELEMENTS, MAX_AXES } from './npy.js';

/**
 * An array out of a pickle. Its numbers are decoded when `values` is first read, so that a file of a million arrays can be
 * searched without decoding them.
 */
export class NumpyArray implements NumericArray {
  /** Type of the elements in the pickle. */
  dtype: ElementType = 'uint8';
  /** Sizes of the axes; [] is a scalar. */
  shape: number[] = [0];
  /**
   * The elements as they are stored: a view of the pickle's own bytes (so that `byteOffset` is their
   * position in the file), except in protocol 2, which stores bytes as text.
   */
  bytes: Uint8Array = new Uint8Array();
  /** Whether the first byte of an element is the most significant one. */
  bigEndian = false;
  /** For each axis, the number of elements from one index to the next; undefined when the elements lie row by row. */
  strides: number[] | undefined;
  #decoded: NumericValues | undefined;

  /** The elements, row by row: a view of `bytes` where their alignment, order and type allow it. */
  get values(): NumericValues {
    this.#decoded ??= this.#decode();
    return this.#decoded;
  }

  #decode(): NumericValues {
    const { dtype, shape, strides, bytes } = this;
    const packed = strides ? rowByRow(bytes, bytesOf(dtype), shape, strides) : bytes;
    return decodeElements(dtype, packed, this.bigEndian);
  }
}

/** A `numpy.dtype` of the pickle. */
interface Dtype {
  element: ElementType;
  bigEndian: boolean;
}

/**
 * The `globals` of `readPickle` for NumPy's arrays, scalars and types, as NumPy 1 and 2 write them with any protocol. An
 * array becomes a {@link NumpyArray}, a scalar a number (a bigint for 64 bit integers beyond 2^53). Numbers and booleans of
 * either byte order are read. Arrays of objects, texts, dates and records are refused by the name of their type; an array
 * whose shape needs more or fewer bytes than there are is an error.
 *
 * @example
 * ```ts
 * import { type NumpyArray, numpyGlobals, plainGlobals, readPickle } from '@amr/formats';
 *
 * const hex = // pickle.dumps(numpy.array([1, 2], 'u1'), protocol=4)
 *   '8004958b000000000000008c166e756d70792e5f636f72652e6d756c74696172726179948c0c5f7265636f6e7374727563749493948c05' +
 *   '6e756d7079948c076e6461727261799493944b0085944301629487945294284b014b02859468038c0564747970659493948c0275319489' +
 *   '8887945294284b038c017c944e4e4e4affffffff4affffffff4b007494628943020102947494622e';
 * const bytes = Uint8Array.from(hex.match(/../g)!, (digits) => Number.parseInt(digits, 16));
 * const array = readPickle(bytes, { globals: new Map([...plainGlobals(), ...numpyGlobals()]) }) as NumpyArray;
 * console.log(array.dtype, array.shape, array.values); // uint8, [2], Uint8Array [1, 2]
 * ```
 */
export function numpyGlobals(): Map<string, PickleGlobal> {
  const dtypes = new WeakSet<object>();
  const dtypeOf = (given: unknown): Dtype => {
    if (typeof given === 'object' && given !== null && dtypes.has(given)) return given as Dtype;
    throw new PickleError(
      `pickle: got an array with the type ${describeValue(given)}; expected a numpy.dtype.`,
    );
  };
  const ndarray: PickleGlobal = {};
  const dtype: PickleGlobal = {
    call: ([code]) => {
      const made: Dtype = { element: elementOf(code), bigEndian: false };
      dtypes.add(made);
      return made;
    },
    // (version, byte order, ...): the rest is for records and dates.
    setState: (object, state) => {
      const order = Array.isArray(state) ? state[1] : undefined;
      if (typeof order !== 'string' || !/^[<>|=]$/.test(order)) {
        throw new PickleError(
          `pickle: got a numpy.dtype with the byte order ${describeValue(order)}; expected one of < > | =.`,
        );
      }
      (object as Dtype).bigEndian = order === '>';
    },
  };
  const reconstruct: PickleGlobal = {
    call: ([type]) => {
      if (type !== ndarray) throw new PickleRefusedError('a subclass of numpy.ndarray');
      return new NumpyArray();
    },
    // (version, shape, dtype, whether in Fortran order, bytes); before version 1, without the version.
    setState: (object, state) => {
      const parts = Array.isArray(state) ? (state as unknown[]) : [];
      const [shape, type, fortranOrder, bytes] = parts.slice(parts.length === 5 ? 1 : 0);
      fill(object as NumpyArray, dtypeOf(type), shape, bytes, fortranOrder === true ? 'F' : 'C');
    },
  };
  const fromBuffer: PickleGlobal = {
    // NumPy 2 has the order 'K': the shape in memory order, then the axes' permutation.
    call: ([bytes, type, shape, order, axes]) => {
      if (order !== 'C' && order !== 'F' && order !== 'K') {
        throw new PickleError(
          `pickle: got an array of the order ${describeValue(order)}; expected C, F or K.`,
        );
      }
      const array = fill(new NumpyArray(), dtypeOf(type), shape, bytes, order);
      return order === 'K' ? transpose(array, axes) : array;
    },
  };
  const scalar: PickleGlobal = {
    call: ([type, bytes]) => {
      const [value] = fill(new NumpyArray(), dtypeOf(type), [], bytes, 'C').values;
      return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
    },
  };
  const globals = new Map<string, PickleGlobal>([
    ['numpy.ndarray', ndarray],
    ['numpy.dtype', dtype],
  ]);
  // NumPy 2 renamed its core module.
  for (const core of ['numpy.core', 'numpy._core']) {
    globals.set(`${core}.multiarray._reconstruct`, reconstruct);
    globals.set(`${core}.multiarray.scalar`, scalar);
    globals.set(`${core}.numeric._frombuffer`, fromBuffer);
  }
  return globals;
}

function fill(
  array: NumpyArray,
  { element, bigEndian }: Dtype,
  shape: unknown,
  bytes: unknown,
  order: 'C' | 'F' | 'K',
): NumpyArray {
  if (!isSizes(shape) || shape.length > MAX_AXES) {
    const got = isSizes(shape) ? `${shape.length} axes` : describeValue(shape);
    throw new PickleError(
      `pickle: got an array of ${got}; expected at most ${MAX_AXES} sizes, all 0 or more.`,
    );
  }
  if (!(bytes instanceof Uint8Array)) {
    throw new PickleError(`pickle: got an array with ${describeValue(bytes)} for its data; expected bytes.`);
  }
  const size = sizeOf(shape) * bytesOf(element);
  if (bytes.length !== size) {
    throw new PickleError(
      `pickle: got ${bytes.length} bytes of an array; expected ${size}, for shape ${formatValue(shape)} and type ${element}.`,
    );
  }
  array.dtype = element;
  array.shape = [...shape];
  array.bytes = bytes;
  array.bigEndian = bigEndian;
  // In Fortran order, the first axis varies fastest.
  if (order === 'F' && shape.length > 1) {
    array.strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  }
  return array;
}

/** Permutes the axes: axis `i` of the result is axis `axes[i]` of the array. */
function transpose(array: NumpyArray, axes: unknown): NumpyArray {
  const { shape } = array;
  const isOrder =
    isSizes(axes) && shape.every((_, axis) => axes.includes(axis)) && axes.length === shape.length;
  if (!isOrder) {
    throw new PickleError(
      `pickle: got the axes ${isSizes(axes) ? formatValue(axes.slice(0, MAX_AXES)) : describeValue(axes)} for an array of ` +
        `shape ${formatValue(shape)}; expected a permutation of its axes.`,
    );
  }
  array.strides = axes.map((axis) => sizeOf(shape.slice(axis + 1)));
  array.shape = axes.map((axis) => shape[axis]!);
  return array;
}

/** The element type of a code such as 'f4', or '<f4' in a dtype without a state. */
function elementOf(code: unknown): ElementType {
  const name = typeof code === 'string' ? code.replace(/^[<|=]/, '') : undefined;
  if (name === undefined || !Object.hasOwn(ELEMENTS, name)) {
    throw new PickleRefusedError(
      `a NumPy array of type ${describeValue(code)}`,
      `expected numbers or booleans (${Object.keys(ELEMENTS).join(', ')})`,
    );
  }
  return ELEMENTS[name]!;
}
