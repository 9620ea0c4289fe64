import { ByteCursor } from '../byteCursor.js';
import { bytesOf } from '../numericArray.js';
import { readPickleFrom } from '../pickle/pickle.js';
import type { PickleOptions } from '../pickle/pickleMachine.js';
import { plainGlobals } from '../pickle/plainGlobals.js';
import { type StorageId, TorchFileError, TorchGlobals, type TorchStorages } from './torchTensors.js';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * Splits a file that `torch.save` of PyTorch 0.1.10 to 1.5 wrote: pickles of a magic number, a version, facts about the
 * machine, the saved value, and the keys of the storages; then for each key the number of elements (64 bits) and the
 * elements, little-endian on every machine.
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
    throw new TorchFileError('torch file: got another pickle; expected a file of torch.save.');
  }
  next(plain);

  // The saved value holds the storages' types, and their bytes follow it: it is read here for the types, and by the caller
  // again for the values.
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
  if (!Array.isArray(keys))
    throw new TorchFileError('torch file: got no keys of the storages; expected a list of them.');

  const cursor = new ByteCursor(
    bytes.subarray(at),
    (message) => new TorchFileError(`torch file, storages, ${message}`),
  );
  const storages = new Map<string, Uint8Array>();
  for (const key of keys) {
    const id = ids.get(key);
    if (!id)
      throw new TorchFileError('torch file: got a storage without a tensor; expected a tensor in each.');
    storages.set(id.key, cursor.bytes(cursor.u64() * bytesOf(id.dtype)));
  }
  return { pickle, read: (key) => storages.get(key), bigEndian: false };
}
