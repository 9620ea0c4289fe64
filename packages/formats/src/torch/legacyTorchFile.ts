import { ByteCursor } from '../byteCursor.js';
import { bytesOf } from '../numericArray.js';
import { type PickleOptions, readPickleFrom } from '../pickle/pickle.js';
import { plainGlobals } from '../pickle/plainGlobals.js';
import { type StorageId, TorchFileError, TorchGlobals, type TorchStorages } from './torchTensors.js';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * Takes a file apart that `torch.save` of PyTorch 0.1.10 to 1.5 wrote: pickles of a magic number, a version, facts on
 * the machine, what was saved, and the keys of the storages; then for each key the number of elements (64 bits) and
 * the elements, little-endian on every machine.
 * @throws {TorchFileError} when it is another pickle
 */
export function legacyStorages(bytes: Uint8Array): TorchStorages {
  const plain = { globals: plainGlobals() };
  let at = 0;
  const next = (options: PickleOptions): unknown => {
    const { value, end } = readPickleFrom(bytes, at, options);
    at = end;
    return value;
  };
  if (next(plain) !== MAGIC || next(plain) !== PROTOCOL) {
    throw new TorchFileError('expected a file of torch.save, got another pickle');
  }
  next(plain);

  // The storages' sizes stand in what was saved, their bytes behind it: read once for those, by the caller again.
  const start = at;
  const ids = new Map<string, StorageId>();
  const globals = new TorchGlobals(() => null);
  next({
    globals: globals.map,
    persistent: (given) => {
      const id = globals.storageId(given);
      ids.set(id.key, id);
      return null;
    },
  });
  const pickle = bytes.subarray(start, at);
  const keys = next(plain);
  if (!Array.isArray(keys)) throw new TorchFileError('expected the keys of the storages');

  const cursor = new ByteCursor(bytes.subarray(at), (message) => new TorchFileError(message));
  const storages = new Map<string, Uint8Array>();
  for (const key of keys) {
    const id = ids.get(key);
    if (!id) throw new TorchFileError('the file has a storage that no tensor lies in');
    storages.set(id.key, cursor.bytes(cursor.u64() * bytesOf(id.dtype)));
  }
  return { pickle, read: (key) => storages.get(key), bigEndian: false };
}
