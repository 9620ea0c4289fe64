import { FormatError } from './formatError.js';
import { bytesOf, decodeElements, type ElementType, type NumericArray, sizeOf } from './numericArray.js';
import { PickleRefusedError, readPickle } from './pickle.js';
import { plainGlobals } from './plainGlobals.js';
import { readZip, type ZipEntry, type ZipOptions } from './zip.js';

/** A file that PyTorch wrote in another way, or one whose tensors make no sense. */
export class TorchFileError extends FormatError {
  /** The name of the class. */
  override readonly name = 'TorchFileError';
}

/** How a file of PyTorch's is read. */
export interface TorchFileOptions extends ZipOptions {}

/** What `torch.save` saved: numbers, texts, lists, dicts (as maps) and tensors. */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | NumericArray
  | TorchValue[]
  | Set<TorchValue>
  | Map<TorchValue, TorchValue>;

/**
 * Reads a file that `torch.save` of PyTorch 1.6 or later wrote (.pth, .pt: a zip archive of a pickle and the tensors'
 * bytes). Tensors, parameters and Python's own values are read, whatever else the pickle asks for is refused by name;
 * nothing is executed. Tensors that share memory in the file, or lie in it transposed, come row by row each.
 * @throws {PickleRefusedError} when it holds more than tensors and plain values
 * @throws {TorchFileError} for a TorchScript archive, a file of PyTorch before 1.6, or tensors outside of their storage
 * @throws {FormatError} when the bytes are damaged or take more than `maxBytes`
 */
export function readTorchFile(bytes: Uint8Array, options: TorchFileOptions = {}): TorchValue {
  if (bytes[0] === 0x80) {
    throw new TorchFileError(
      'expected a zip archive, got a bare pickle, as PyTorch before 1.6 wrote: load it and save it again with ' +
        'torch.save in PyTorch 1.6 or later',
    );
  }
  const entries = readZip(bytes, options);
  const folder = folderOf(entries);
  const read = (name: string) => entries.get(`${folder}${name}`)?.read();
  const byteOrder = new TextDecoder().decode(read('byteorder') ?? new Uint8Array()).trim();
  if (!['', 'little', 'big'].includes(byteOrder)) {
    throw new TorchFileError(`got the byte order '${byteOrder}'; expected little or big`);
  }
  const tensors = new Tensors(read, byteOrder === 'big', options.maxBytes ?? 2 ** 32);
  try {
    return readPickle(read('data.pkl')!, {
      globals: tensors.globals,
      persistent: (id) => tensors.storage(id),
    }) as TorchValue;
  } catch (error) {
    if (error instanceof PickleRefusedError) {
      error.message += ' A file with the tensors of model.state_dict() alone can be read.';
    }
    throw error;
  }
}

/** The folder that `torch.save` puts everything in, with a slash: it is called after the file, or `archive`. */
function folderOf(entries: ReadonlyMap<string, ZipEntry>): string {
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new TorchFileError(
      `expected an archive of torch.save with a data.pkl, got one of ${names.slice(0, 3).join(', ') || 'nothing'}`,
    );
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new TorchFileError(
      'expected tensors, got a TorchScript archive (a program): load it with torch.jit.load and save its weights with ' +
        'torch.save(model.state_dict(), path)',
    );
  }
  return folder;
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

/** The allowed names of PyTorch's, over the storages of one file. */
class Tensors {
  readonly globals = plainGlobals();
  private readonly dtypes = new Map<unknown, ElementType>();
  private readonly storages = new Map<string, Storage>();
  private readonly isStorage = new WeakSet<object>();
  private copied = 0;

  constructor(
    private readonly read: (name: string) => Uint8Array | undefined,
    private readonly bigEndian: boolean,
    private readonly maxBytes: number,
  ) {
    this.globals.set('torch.Size', { call: ([sizes]) => sizes });
    this.globals.set('torch._utils._rebuild_tensor_v2', { call: (args) => this.tensor(args) });
    this.globals.set('torch._utils._rebuild_parameter', { call: ([tensor]) => tensor });
    for (const [name, dtype] of Object.entries(STORAGES)) {
      const global = {};
      this.globals.set(`torch.${name}`, global);
      this.dtypes.set(global, dtype);
    }
  }

  /** ('storage', type, key, device, number of elements). */
  storage(id: unknown): Storage {
    const [kind, type, key, , count] = Array.isArray(id) ? id : [];
    const dtype = this.dtypes.get(type);
    if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isSize(count)) {
      throw new TorchFileError('expected a storage of a known type with a name and a number of elements');
    }
    const known = this.storages.get(key);
    if (known?.dtype === dtype) return known;
    const bytes = this.read(`data/${key}`);
    const length = count * bytesOf(dtype);
    if (!bytes || bytes.length < length) {
      throw new TorchFileError(
        `storage ${key} of ${count} ${dtype} takes ${length} bytes, the archive has ${bytes?.length ?? 'none'}`,
      );
    }
    const storage = { dtype, bytes: bytes.subarray(0, length) };
    this.storages.set(key, storage);
    this.isStorage.add(storage);
    return storage;
  }

  /** (storage, offset, sizes, strides, requires grad, hooks): offset and strides in elements. */
  private tensor([given, offset, shape, strides]: readonly unknown[]): NumericArray {
    if (typeof given !== 'object' || given === null || !this.isStorage.has(given)) {
      throw new TorchFileError('expected a tensor over a storage');
    }
    if (!isSize(offset) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
      throw new TorchFileError('expected a tensor with an offset, sizes and as many strides, all 0 or above');
    }
    const { dtype, bytes } = given as Storage;
    const width = bytesOf(dtype);
    const size = sizeOf(shape);
    const stored = bytes.length / width;
    const last =
      size === 0 ? offset - 1 : shape.reduce((at, n, axis) => at + (n - 1) * strides[axis]!, offset);
    if (last >= stored || (size > stored && size > 0)) {
      throw new TorchFileError(
        `a tensor of shape [${shape}], strides [${strides}] from element ${offset} on needs more than its storage of ` +
          `${stored}; one that was made by expand() has to be saved as x.contiguous()`,
      );
    }
    const packed = rowByRow(shape, strides)
      ? bytes.subarray(offset * width, (offset + size) * width)
      : this.gather(bytes, width, offset, shape, strides);
    return { dtype, shape: [...shape], values: decodeElements(dtype, packed, this.bigEndian) };
  }

  private gather(
    bytes: Uint8Array,
    width: number,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ): Uint8Array {
    const size = sizeOf(shape);
    this.copied += size * width;
    if (this.copied > this.maxBytes) {
      throw new TorchFileError(
        `the tensors take more than maxBytes, ${this.maxBytes}, once they lie row by row`,
      );
    }
    const packed = new Uint8Array(size * width);
    const index = shape.map(() => 0);
    let from = offset * width;
    for (let to = 0; to < packed.length; to += width) {
      for (let byte = 0; byte < width; byte++) packed[to + byte] = bytes[from + byte]!;
      // The next index: the last axis first, with a carry.
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis]! * width;
        if (++index[axis]! < shape[axis]!) break;
        from -= strides[axis]! * shape[axis]! * width;
        index[axis] = 0;
      }
    }
    return packed;
  }
}

/** Whether elements follow each other as the shape alone would lay them. Strides of axes of size 1 don't matter. */
function rowByRow(shape: readonly number[], strides: readonly number[]): boolean {
  if (sizeOf(shape) === 0) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);
