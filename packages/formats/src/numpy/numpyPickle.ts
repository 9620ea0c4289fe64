import {
  bytesOf,
  decodeElements,
  type ElementType,
  isSizes,
  type NumericArray,
  type NumericValues,
  sizeOf,
} from '../numericArray.js';
import { PickleError, type PickleGlobal, PickleRefusedError, shown } from '../pickle/pickle.js';
import { rowByRow } from '../rowByRow.js';
import { ELEMENTS, MAX_AXES } from './npy.js';

/**
 * An array out of a pickle. Its numbers are decoded when `values` is first asked for, so that a file of a million arrays
 * can be looked through without that.
 */
export class NumpyArray implements NumericArray {
  /** Type of the elements in the pickle. */
  dtype: ElementType = 'uint8';
  /** Sizes of the axes; [] is a scalar. */
  shape: number[] = [0];
  /**
   * The elements as they are stored: a view of the pickle's own bytes (so that `byteOffset` tells where in the file they
   * are), except in protocol 2, which stores bytes as text.
   */
  bytes: Uint8Array = new Uint8Array();
  /** Whether the most significant byte of an element is its first. */
  bigEndian = false;
  /** For each axis the number of elements from one index to the next, where they don't lie row by row. */
  strides: number[] | undefined;
  private decoded: NumericValues | undefined;

  /** The elements, row by row: a view of `bytes` where their alignment, order and type allow it. */
  get values(): NumericValues {
    this.decoded ??= this.decode();
    return this.decoded;
  }

  private decode(): NumericValues {
    const { dtype, shape, strides, bytes } = this;
    const packed = strides ? rowByRow(bytes, bytesOf(dtype), shape, strides) : bytes;
    return decodeElements(dtype, packed, this.bigEndian);
  }
}

/** `numpy.dtype` while the pickle describes it. */
interface Dtype {
  element: ElementType;
  bigEndian: boolean;
}

/**
 * NumPy's arrays, scalars and types for the `globals` of `readPickle`, as NumPy 1 and 2 write them by any protocol: an array
 * is a {@link NumpyArray}, a scalar a number (a bigint where 64 bit integers are beyond 2^53). Numbers and booleans of either
 * byte order are read. Arrays of objects, texts, dates and records are refused by the name of their type, and so is one
 * whose shape asks for more or fewer bytes than there are.
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
    throw new PickleError('expected an array with a numpy.dtype');
  };
  const ndarray: PickleGlobal = {};
  const dtype: PickleGlobal = {
    call: ([code]) => {
      const made: Dtype = { element: elementOf(code), bigEndian: false };
      dtypes.add(made);
      return made;
    },
    // (version, byte order, ...): what follows is of records and dates.
    setState: (object, state) => {
      const order = Array.isArray(state) ? state[1] : undefined;
      if (typeof order !== 'string' || !/^[<>|=]$/.test(order)) {
        throw new PickleError(
          `expected a numpy.dtype's byte order to be one of < > | =, got ${shown(order)}`,
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
    // (version, shape, dtype, whether in Fortran's order, bytes); before version 1 without the version.
    setState: (object, state) => {
      const parts = Array.isArray(state) ? (state as unknown[]) : [];
      const [shape, type, fortranOrder, bytes] = parts.slice(parts.length === 5 ? 1 : 0);
      fill(object as NumpyArray, dtypeOf(type), shape, bytes, fortranOrder === true ? 'F' : 'C');
    },
  };
  const fromBuffer: PickleGlobal = {
    // NumPy 2 has order 'K': the axes as they lie in memory, then what becomes of them.
    call: ([bytes, type, shape, order, axes]) => {
      if (order !== 'C' && order !== 'F' && order !== 'K') {
        throw new PickleError(`expected the order of an array's axes to be C, F or K, got ${shown(order)}`);
      }
      const array = fill(new NumpyArray(), dtypeOf(type), shape, bytes, order);
      return order === 'K' ? transposed(array, axes) : array;
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
  // NumPy 2 moved its core.
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
    throw new PickleError(`expected an array's shape to be at most ${MAX_AXES} sizes, all 0 or above`);
  }
  if (!(bytes instanceof Uint8Array)) throw new PickleError('expected an array to have bytes');
  const size = sizeOf(shape) * bytesOf(element);
  if (bytes.length !== size) {
    throw new PickleError(
      `an array of shape [${shape}] and type ${element} takes ${size} bytes, got ${bytes.length}`,
    );
  }
  array.dtype = element;
  array.shape = [...shape];
  array.bytes = bytes;
  array.bigEndian = bigEndian;
  // In Fortran's order the first axis runs fastest.
  if (order === 'F' && shape.length > 1) {
    array.strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  }
  return array;
}

/** Axis `i` of what comes out is axis `axes[i]` of the array. */
function transposed(array: NumpyArray, axes: unknown): NumpyArray {
  const { shape } = array;
  const isOrder =
    isSizes(axes) && shape.every((_, axis) => axes.includes(axis)) && axes.length === shape.length;
  if (!isOrder) {
    throw new PickleError(
      `expected the axes of an array of shape [${shape}] in another order, got ${isSizes(axes) ? axes.slice(0, MAX_AXES) : shown(axes)}`,
    );
  }
  array.strides = axes.map((axis) => sizeOf(shape.slice(axis + 1)));
  array.shape = axes.map((axis) => shape[axis]!);
  return array;
}

/** 'f4', or as a dtype without a state has it '<f4'. */
function elementOf(code: unknown): ElementType {
  const name = typeof code === 'string' ? code.replace(/^[<|=]/, '') : undefined;
  if (name === undefined || !Object.hasOwn(ELEMENTS, name)) {
    throw new PickleRefusedError(
      `a NumPy array of type '${shown(code)}'`,
      `only numbers and booleans are read (${Object.keys(ELEMENTS).join(', ')})`,
    );
  }
  return ELEMENTS[name]!;
}
