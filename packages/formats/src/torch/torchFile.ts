import type { NumericArray } from '../numericArray.js';
import { PickleRefusedError, readPickle } from '../pickle/pickle.js';
import { readZip, type ZipEntry, type ZipOptions } from '../zip/zip.js';
import { legacyStorages } from './legacyTorchFile.js';
import { TorchFileError, type TorchStorages, TorchTensors } from './torchTensors.js';

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
 * Reads a file that `torch.save` wrote (.pth, .pt): of PyTorch 1.6 or later a zip archive of a pickle and the tensors'
 * bytes, of PyTorch 0.1.10 to 1.5 several pickles with the bytes behind them. Tensors, parameters and Python's own
 * values are read, whatever else the pickle asks for is refused by name; nothing is executed. Tensors that share
 * memory in the file, or lie in it transposed, come row by row each.
 * @throws {PickleRefusedError} when it holds more than tensors and plain values
 * @throws {TorchFileError} for a TorchScript archive, another pickle, or tensors outside of their storage
 * @throws {FormatError} when the bytes are damaged or take more than `maxBytes`
 */
export function readTorchFile(bytes: Uint8Array, options: TorchFileOptions = {}): TorchValue {
  const { maxBytes = 2 ** 32 } = options;
  try {
    const { pickle, read, bigEndian } =
      bytes[0] === 0x80 ? legacyStorages(bytes) : zipStorages(bytes, options);
    const tensors = new TorchTensors(read, { bigEndian, maxBytes });
    return readPickle(pickle, {
      globals: tensors.globals.map,
      persistent: (id) => tensors.storage(id),
    }) as TorchValue;
  } catch (error) {
    if (error instanceof PickleRefusedError) {
      error.message += ' A file with the tensors of model.state_dict() alone can be read.';
    }
    throw error;
  }
}

function zipStorages(bytes: Uint8Array, options: TorchFileOptions): TorchStorages {
  const entries = readZip(bytes, options);
  const folder = folderOf(entries);
  const read = (name: string) => entries.get(`${folder}${name}`)?.read();
  const byteOrder = new TextDecoder().decode(read('byteorder') ?? new Uint8Array()).trim();
  if (!['', 'little', 'big'].includes(byteOrder)) {
    throw new TorchFileError(`got the byte order '${byteOrder}'; expected little or big`);
  }
  return {
    pickle: read('data.pkl')!,
    read: (key) => read(`data/${key}`),
    bigEndian: byteOrder === 'big',
  };
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
