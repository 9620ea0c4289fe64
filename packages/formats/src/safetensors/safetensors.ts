import { FormatError } from '../errors.js';
import { decodeElements, type ElementType, type NumericArray } from '../numericArray.js';

/** Element types that are read and written, by their names in the file. */
export type SafetensorsDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

/** A tensor's bytes, with their type and shape. */
export interface SafetensorsEntry {
  /** Element type. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes; [] is a scalar. */
  shape: number[];
  /** Little-endian values, row by row. */
  bytes: Uint8Array;
}

/** The contents of a safetensors file. */
export interface SafetensorsFile {
  /** Tensors by name. */
  tensors: Map<string, SafetensorsEntry>;
  /** Free text by name (`__metadata__` in the file). */
  metadata: { [key: string]: string };
}

/** The bytes are not a safetensors file, or one of a kind that is not read here. */
export class SafetensorsError extends FormatError {
  /** The name of the class. */
  override readonly name = 'SafetensorsError';
  /** Names the kind of error. */
  override readonly code = 'AMR_SAFETENSORS';
}

/** A tensor's position in a file. */
export interface SafetensorsPlace {
  /** Element type. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes; [] is a scalar. */
  shape: number[];
  /** Position of its first byte in the file. */
  start: number;
  /** Position behind its last byte. */
  end: number;
}

/** A safetensors file without its tensors' bytes. */
export interface SafetensorsHead {
  /** Tensors by name. */
  tensors: Map<string, SafetensorsPlace>;
  /** Free text by name (`__metadata__` in the file). */
  metadata: { [key: string]: string };
  /** Position of the first tensor: behind the 8 bytes of length and the JSON header. */
  dataStart: number;
}

/** A tensor's elements: a view of the file's bytes where they are aligned; 16 bit floats as float32. */
export function safetensorsValues({ dtype, shape, bytes }: SafetensorsEntry): NumericArray {
  const element = ELEMENTS[dtype];
  return { dtype: element, shape: [...shape], values: decodeElements(element, bytes) };
}

/** The element type of each name in a file. */
export const ELEMENTS: { readonly [dtype in SafetensorsDtype]: ElementType } = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};

/** The entry of the header that holds texts, not a tensor. */
export const METADATA = '__metadata__';
