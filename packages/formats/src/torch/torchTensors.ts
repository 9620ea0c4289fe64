import { formatValue } from '@amr/internal';
import { FormatError } from '../errors.js';
import {
  bytesOf,
  decodeElements,
  type ElementType,
  isSize,
  isSizes,
  type NumericArray,
  sizeOf,
} from '../numericArray.js';
import type { PickleGlobal } from '../pickle/pickleMachine.js';
import { plainGlobals } from '../pickle/plainGlobals.js';
import { rowByRow } from '../rowByRow.js';

/** The file was not written by `torch.save`, or its tensors don't fit their storages. */
export class TorchFileError extends FormatError {
  /** The name of the class. */
  override readonly name = 'TorchFileError';
  /** Names the kind of error. */
  override readonly code = 'AMR_TORCH_FILE';
}

/** The storage of a tensor, as a file names it. */
export interface StorageId {
  dtype: ElementType;
  key: string;
  /** Number of elements. */
  count: number;
}

/** The parts of a file: the pickle of the saved value, and each storage's bytes by its key. */
export interface TorchStorages {
  pickle: Uint8Array;
  read(key: string): Uint8Array | undefined;
  bigEndian: boolean;
}

interface Storage {
  dtype: ElementType;
  bytes: Uint8Array;
}

const STORAGES: { readonly [name: string]: ElementType } = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

/**
 * The classes and functions of PyTorch's that a file may ask for.
 * @param tensor makes a tensor from a storage, an offset, sizes and strides
 */
export class TorchGlobals {
  readonly map = plainGlobals();
  readonly #dtypes = new Map<unknown, ElementType>();

  constructor(tensor: (args: readonly unknown[]) => unknown) {
    this.map.set('torch.Size', { call: ([sizes]) => sizes });
    this.map.set('torch._utils._rebuild_tensor_v2', { call: tensor });
    this.map.set('torch._utils._rebuild_parameter', { call: ([value]) => value });
    for (const [name, dtype] of Object.entries(STORAGES)) {
      const global: PickleGlobal = {};
      this.map.set(`torch.${name}`, global);
      this.#dtypes.set(global, dtype);
    }
  }

  /** Reads ('storage', type, key, device, number of elements), and in old files the storage that it is a part of. */
  storageId(id: unknown): StorageId {
    const [kind, type, key, , count, whole] = Array.isArray(id) ? id : [];
    const dtype = this.#dtypes.get(type);
    if (
      kind !== 'storage' ||
      !dtype ||
      typeof key !== 'string' ||
      !isSize(count) ||
      (whole ?? null) !== null
    ) {
      throw new TorchFileError(
        'torch file: got another persistent id; expected a storage of a known type with a name and a number of elements.',
      );
    }
    return { dtype, key, count };
  }
}

/** The tensors of one file, over its storages. */
export class TorchTensors {
  readonly globals = new TorchGlobals((args) => this.#tensor(args));
  readonly #read: (key: string) => Uint8Array | undefined;
  readonly #bigEndian: boolean;
  readonly #maxBytes: number;
  readonly #storages = new Map<string, Storage>();
  readonly #isStorage = new WeakSet<object>();
  #copied = 0;

  /**
   * @param read returns a storage's bytes by its key
   * @param maxBytes how many bytes may be copied in all
   */
  constructor(
    read: (key: string) => Uint8Array | undefined,
    { bigEndian = false, maxBytes }: { bigEndian?: boolean; maxBytes: number },
  ) {
    this.#read = read;
    this.#bigEndian = bigEndian;
    this.#maxBytes = maxBytes;
  }

  storage(id: unknown): Storage {
    const { dtype, key, count } = this.globals.storageId(id);
    const known = this.#storages.get(key);
    if (known?.dtype === dtype) return known;
    const bytes = this.#read(key);
    const length = count * bytesOf(dtype);
    if (!bytes || bytes.length < length) {
      throw new TorchFileError(
        `torch file, storage ${key}: got ${bytes?.length ?? 'no'} bytes; expected ${length}, for ${count} ${dtype}.`,
      );
    }
    const storage = { dtype, bytes: bytes.subarray(0, length) };
    this.#storages.set(key, storage);
    this.#isStorage.add(storage);
    return storage;
  }

  /** (storage, offset, sizes, strides, requires grad, hooks): offset and strides in elements. */
  #tensor([given, offset, shape, strides]: readonly unknown[]): NumericArray {
    if (typeof given !== 'object' || given === null || !this.#isStorage.has(given)) {
      throw new TorchFileError('torch file: got a tensor without a storage; expected one over a storage.');
    }
    if (!isSize(offset) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
      throw new TorchFileError(
        'torch file: got a tensor with another layout; expected an offset, sizes and as many strides, all 0 or more.',
      );
    }
    const { dtype, bytes } = given as Storage;
    const width = bytesOf(dtype);
    const size = sizeOf(shape);
    const stored = bytes.length / width;
    const last =
      size === 0 ? offset - 1 : shape.reduce((at, n, axis) => at + (n - 1) * strides[axis]!, offset);
    if (last >= stored || (size > stored && size > 0)) {
      throw new TorchFileError(
        `torch file: got a tensor of shape ${formatValue(shape)}, strides ${formatValue(strides)} and offset ${offset}; ` +
          `expected one within its storage of ${stored} elements. Save a tensor that was made by expand() as x.contiguous().`,
      );
    }
    const packed = isContiguous(shape, strides)
      ? bytes.subarray(offset * width, (offset + size) * width)
      : rowByRow(bytes, width, shape, strides, offset);
    const values = decodeElements(dtype, packed, this.#bigEndian);
    if (values.buffer !== bytes.buffer) this.#countCopied(values.byteLength);
    return { dtype, shape: [...shape], values };
  }

  /** Limits how much is copied in all, since many tensors may use one storage. */
  #countCopied(copied: number): void {
    this.#copied += copied;
    if (this.#copied <= this.#maxBytes) return;
    throw new TorchFileError(
      `torch file: got tensors that take more than ${this.#maxBytes} bytes as numbers row by row; expected at most maxBytes.`,
    );
  }
}

/** Whether the elements lie row by row without gaps. Strides of axes of size 1 don't matter. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  if (sizeOf(shape) === 0) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}
