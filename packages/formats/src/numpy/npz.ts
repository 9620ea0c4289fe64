import type { NumericArray } from '../numericArray.js';
import { readZip, type ZipOptions } from '../zip/zip.js';
import { NpyError, readNpy } from './npy.js';

/** How an .npz file is read. */
export interface NpzOptions extends ZipOptions {}

/**
 * Reads the arrays that `numpy.savez` or `numpy.savez_compressed` wrote, by their names without `.npy`.
 * @throws {ZipError} when the archive is damaged, or declares more than `maxBytes`
 * @throws {NpyError} when an entry is no array of numbers
 */
export function readNpz(bytes: Uint8Array, options: NpzOptions = {}): Map<string, NumericArray> {
  const arrays = new Map<string, NumericArray>();
  for (const [file, entry] of readZip(bytes, options)) {
    if (!file.endsWith('.npy'))
      throw new NpyError(`got '${file}' in the archive; expected names that end in .npy`);
    const name = file.slice(0, -'.npy'.length);
    try {
      arrays.set(name, readNpy(entry.read()));
    } catch (error) {
      if (error instanceof NpyError) error.message = `'${name}': ${error.message}`;
      throw error;
    }
  }
  return arrays;
}
