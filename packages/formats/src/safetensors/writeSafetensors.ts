import { formatValue } from '@amr/internal';
import { bytesOf, sizeOf } from '../numericArray.js';
import {
  ELEMENTS,
  METADATA,
  type SafetensorsDtype,
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsPlace,
} from './safetensors.js';

/**
 * Writes a safetensors file: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes one after
 * another (https://github.com/huggingface/safetensors). The header is padded with spaces, so that the data begin at a
 * multiple of 8.
 * @throws {SafetensorsError} when a tensor's bytes don't fit its shape and type, or its name is `__metadata__`
 */
export function writeSafetensors(file: SafetensorsFile): Uint8Array {
  const { header, tensors, bytes: total } = layOutSafetensors(file);
  const out = new Uint8Array(total);
  out.set(header);
  for (const [name, { dtype, shape, bytes }] of file.tensors) {
    const { start, end } = tensors.get(name)!;
    if (bytes.length !== end - start) {
      throw new SafetensorsError(
        `tensors['${name}'].bytes: got ${bytes.length} bytes; expected ${end - start}, for shape ${formatValue(shape)} and type ${dtype}.`,
      );
    }
    out.set(bytes, start);
  }
  return out;
}

/**
 * The layout of the file that {@link writeSafetensors} writes, for files that are written piece by piece: the first bytes,
 * the position of each tensor, in the order of `tensors`, and the size of the file.
 * @throws {SafetensorsError} when a tensor's name is `__metadata__`
 * @example
 * ```ts
 * import { layOutSafetensors } from '@amr/formats';
 *
 * const { header, tensors, bytes } = layOutSafetensors({
 *   tensors: new Map([['video', { dtype: 'U8' as const, shape: [100, 16, 64, 64, 3] }]]),
 *   metadata: {},
 * });
 * console.log(header.length === tensors.get('video')!.start, bytes - header.length); // true 19660800
 * ```
 */
export function layOutSafetensors(file: {
  tensors: ReadonlyMap<string, { readonly dtype: SafetensorsDtype; readonly shape: readonly number[] }>;
  metadata: { readonly [key: string]: string };
}): {
  /** The first bytes of the file: the length of the JSON header, and that header. */
  header: Uint8Array;
  /** The position of each tensor. */
  tensors: Map<string, SafetensorsPlace>;
  /** Size of the whole file in bytes. */
  bytes: number;
} {
  const json: { [name: string]: unknown } = { [METADATA]: file.metadata };
  let offset = 0;
  for (const [name, { dtype, shape }] of file.tensors) {
    if (name === METADATA) {
      throw new SafetensorsError(
        `tensors: got a tensor named '${name}'; expected another name. Rename the tensor.`,
      );
    }
    const end = offset + sizeOf(shape) * bytesOf(ELEMENTS[dtype]);
    json[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(json));
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  const tensors = new Map<string, SafetensorsPlace>();
  let start = header.length;
  for (const [name, { dtype, shape }] of file.tensors) {
    const end = start + sizeOf(shape) * bytesOf(ELEMENTS[dtype]);
    tensors.set(name, { dtype, shape: [...shape], start, end });
    start = end;
  }
  return { header, tensors, bytes: start };
}
