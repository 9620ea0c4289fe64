import type { NumericArray } from '../numericArray.js';
import { rejectUnknownOptions } from '../options.js';
import { readPickle } from '../pickle/pickle.js';
import { PickleRefusedError } from '../pickle/pickleErrors.js';
import { readZip, ZIP_OPTIONS, type ZipEntry, type ZipOptions } from '../zip/zip.js';
import { legacyStorages } from './legacyTorchFile.js';
import { TorchFileError, type TorchStorages, TorchTensors } from './torchTensors.js';

/** Options of {@link readTorchFile}. */
export interface TorchFileOptions extends ZipOptions {}

/** A value that `torch.save` saved: numbers, texts, lists, dicts (as maps) and tensors. */
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
 * Reads a file that `torch.save` wrote (.pth, .pt). PyTorch 1.6 and later write a zip archive of a pickle and the tensors'
 * bytes, PyTorch 0.1.10 to 1.5 several pickles followed by the bytes. Tensors, parameters and Python's own values are read;
 * whatever else the pickle asks for is refused by name, and nothing is executed. Tensors that share memory in the file, or
 * are stored transposed, are each returned row by row.
 * @throws {PickleRefusedError} when it holds more than tensors and plain values
 * @throws {TorchFileError} for a TorchScript archive, another pickle, or tensors outside their storage
 * @throws {FormatError} when the bytes are damaged or take more than `maxBytes`
 * @throws {FormatOptionsError} for an unknown option
 */
export function readTorchFile(bytes: Uint8Array, options: TorchFileOptions = {}): TorchValue {
  rejectUnknownOptions('readTorchFile', options, ZIP_OPTIONS);
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
      error.message += ' Save the tensors alone, with torch.save(model.state_dict(), path).';
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
    throw new TorchFileError(`byteorder: got '${byteOrder}'; expected little or big.`);
  }
  return {
    pickle: read('data.pkl')!,
    read: (key) => read(`data/${key}`),
    bigEndian: byteOrder === 'big',
  };
}

/** The folder of all entries, with a slash: `torch.save` names it after the file, or `archive`. */
function folderOf(entries: ReadonlyMap<string, ZipEntry>): string {
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new TorchFileError(
      `torch file: got an archive of ${names.slice(0, 3).join(', ') || 'nothing'}; expected one of torch.save, with a data.pkl.`,
    );
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new TorchFileError(
      'torch file: got a TorchScript archive (a program); expected tensors. Load it with torch.jit.load and save its ' +
        'weights with torch.save(model.state_dict(), path).',
    );
  }
  return folder;
}
