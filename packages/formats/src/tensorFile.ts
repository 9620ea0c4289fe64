import { FormatError } from './errors.js';
import type { NumericArray } from './numericArray.js';
import { readNpz } from './numpy/npz.js';
import { rejectUnknownOptions } from './options.js';
import { readSafetensors } from './safetensors/readSafetensors.js';
import { safetensorsValues } from './safetensors/safetensors.js';
import { stateDictOf } from './torch/stateDict.js';
import { readTorchFile } from './torch/torchFile.js';
import { readZip, ZIP_OPTIONS, type ZipOptions } from './zip/zip.js';

/** A file's tensors. */
export interface TensorFile {
  /** Format of the file. */
  format: 'safetensors' | 'npz' | 'torch';
  /** The tensors by name; for a PyTorch checkpoint, those of `stateDictOf`. */
  tensors: Map<string, NumericArray>;
}

/** Options of {@link readTensorFile}. */
export interface TensorFileOptions extends ZipOptions {
  /** Keys that lead to the state dict in a PyTorch file. Default: the rule of `stateDictOf`. */
  stateDict?: readonly string[];
}

/**
 * Reads the tensors of a .safetensors, .npz or .pth/.pt file. The format is recognised by the first bytes, not by a name.
 * @throws {FormatError} when the file is of another format, or damaged
 * @throws {FormatOptionsError} for an unknown option
 * @example
 * ```ts
 * import { readTensorFile, writeSafetensors } from '@amr/formats';
 *
 * const bytes = new Uint8Array(Float32Array.of(1, 2).buffer);
 * const tensors = new Map([['fc.bias', { dtype: 'F32' as const, shape: [2], bytes }]]);
 * const file = readTensorFile(writeSafetensors({ tensors, metadata: {} }));
 * console.log(file.format, file.tensors.get('fc.bias')?.values); // safetensors, Float32Array [1, 2]
 * ```
 */
export function readTensorFile(bytes: Uint8Array, options: TensorFileOptions = {}): TensorFile {
  rejectUnknownOptions('readTensorFile', options, OPTIONS);
  const { stateDict, ...zipOptions } = options;
  const begins = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  // Safetensors: a brace behind the header's length, whose upper half is 0. This comes first, as a length may look like the
  // first bytes of another format.
  if (bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0)) {
    const { tensors } = readSafetensors(bytes);
    return {
      format: 'safetensors',
      tensors: new Map([...tensors].map(([name, entry]) => [name, safetensorsValues(entry)])),
    };
  }
  if (begins(0x50, 0x4b)) {
    const npz = [...readZip(bytes, zipOptions).keys()].every((name) => name.endsWith('.npy'));
    return npz
      ? { format: 'npz', tensors: readNpz(bytes, zipOptions) }
      : { format: 'torch', tensors: stateDictOf(readTorchFile(bytes, zipOptions), stateDict) };
  }
  if (begins(0x80)) {
    return { format: 'torch', tensors: stateDictOf(readTorchFile(bytes, zipOptions), stateDict) };
  }
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  throw new FormatError(
    `tensor file: got ${bytes.length} bytes that begin with ${first}; expected a .safetensors, .npz or .pth/.pt file.`,
  );
}

const OPTIONS = [...ZIP_OPTIONS, 'stateDict'] as const satisfies readonly (keyof TensorFileOptions)[];
