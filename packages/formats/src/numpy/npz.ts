import type { NumericArray } from '../numericArray.js';
import { rejectUnknownOptions } from '../options.js';
import { readZip, ZIP_OPTIONS, type ZipOptions } from '../zip/zip.js';
import { NpyError, readNamedNpy } from './npy.js';

/** Options of {@link readNpz}. */
export interface NpzOptions extends ZipOptions {}

/**
 * Reads the arrays that `numpy.savez` or `numpy.savez_compressed` wrote.
 * @returns the arrays by their names without `.npy`
 * @throws {ZipError} when the archive is damaged, or declares more than `maxBytes`
 * @throws {NpyError} when an entry is not an array of numbers
 * @throws {FormatOptionsError} for an unknown option
 */
export function readNpz(bytes: Uint8Array, options: NpzOptions = {}): Map<string, NumericArray> {
  rejectUnknownOptions('readNpz', options, ZIP_OPTIONS);
  const arrays = new Map<string, NumericArray>();
  for (const [file, entry] of readZip(bytes, options)) {
    if (!file.endsWith('.npy')) {
      throw new NpyError(`.npz: got '${file}' in the archive; expected names that end in .npy.`);
    }
    const name = file.slice(0, -'.npy'.length);
    arrays.set(name, readNamedNpy(entry.read(), `'${name}'`));
  }
  return arrays;
}
