import { FormatError } from './errors.js';
import type { NumericArray } from './numericArray.js';
import { readNpz } from './numpy/npz.js';
import { readSafetensors, safetensorsValues } from './safetensors/safetensors.js';
import { stateDictOf } from './torch/stateDict.js';
import { readTorchFile } from './torch/torchFile.js';
import { readZip, type ZipOptions } from './zip/zip.js';

/** A file's tensors. */
export interface TensorFile {
  /** What kind of file it is. */
  format: 'safetensors' | 'npz' | 'torch';
  /** The tensors by name; of a checkpoint of PyTorch's those of `stateDictOf`. */
  tensors: Map<string, NumericArray>;
}

/** How a file of tensors is read. */
export interface TensorFileOptions extends ZipOptions {
  /** Keys on the way to the state dict in a file of PyTorch's. Default: the rule of `stateDictOf`. */
  stateDict?: readonly string[];
}

/**
 * Reads the tensors of a .safetensors, .npz or .pth/.pt file. Which it is shows in its first bytes, not its name.
 * @throws {FormatError} when it is none of them, or damaged
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
  const begins = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  // A brace behind the header's length, of which the upper half is 0. First, as a length may look like another magic.
  if (bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0)) {
    const { tensors } = readSafetensors(bytes);
    return {
      format: 'safetensors',
      tensors: new Map([...tensors].map(([name, entry]) => [name, safetensorsValues(entry)])),
    };
  }
  if (begins(0x50, 0x4b)) {
    const npz = [...readZip(bytes, options).keys()].every((name) => name.endsWith('.npy'));
    return npz
      ? { format: 'npz', tensors: readNpz(bytes, options) }
      : { format: 'torch', tensors: stateDictOf(readTorchFile(bytes, options), options.stateDict) };
  }
  if (begins(0x80)) {
    return { format: 'torch', tensors: stateDictOf(readTorchFile(bytes, options), options.stateDict) };
  }
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  throw new FormatError(
    `expected a .safetensors, .npz or .pth/.pt file, got ${bytes.length} bytes that begin with ${first}`,
  );
}
