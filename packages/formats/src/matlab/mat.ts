import { decodeElements, type NumericArray, sizeOf } from '../numericArray.js';
import { checkMaxBytes, rejectUnknownOptions } from '../options.js';
import { rowByRow } from '../rowByRow.js';
import { MatError } from './matError.js';
import { InflatedSource, MATRIX, type MatSource, PlainSource } from './matSource.js';
import { arrayOf, type MatArray, variableOf } from './matVariable.js';

/** Options of {@link readMat}. */
export interface MatOptions {
  /**
   * Names of the variables to read, each of which must exist and be an array of real numbers. Default: all variables that
   * are arrays of real numbers; others are skipped.
   */
  variables?: readonly string[];
  /** How many bytes the variables may take in addition to the file, unpacked or converted. Default 1 GiB. */
  maxBytes?: number;
  /**
   * Unpacks zlib's format to at most `maxBytes` bytes, or throws. Node's `inflateSync` of `node:zlib` is ten times faster
   * than the default, which is JavaScript: `(packed, maxBytes) => inflateSync(packed, { maxOutputLength: maxBytes })`. The
   * function has to compare the checksum itself.
   */
  inflate?: (packed: Uint8Array, maxBytes: number) => Uint8Array;
}

/**
 * Reads the variables of a MAT-file of level 5 (MathWorks, "MAT-File Format", the files of `save` with `-v6` and `-v7`), compressed
 * or not, of either byte order: real arrays of all numeric classes and logical arrays. Texts, cells, structs, objects, sparse
 * and complex arrays are skipped. A compressed variable is unpacked no further than it declares, and its checksum is
 * compared.
 *
 * @param bytes the whole file
 * @param options which variables, how much memory; see {@link MatOptions}
 * @returns the arrays by name, column by column; {@link matRowByRow} makes one row by row
 * @throws {MatError} with the byte `offset`, when the file has another format (also level 4, and version 7.3, which is HDF5), is
 *   damaged or cut off, needs more than `maxBytes`, or when one of `variables` is missing or not an array of real numbers
 * @throws {FormatOptionsError} for an unknown option
 */
export function readMat(bytes: Uint8Array, options: MatOptions = {}): Map<string, MatArray> {
  rejectUnknownOptions('readMat', options, OPTIONS);
  const { maxBytes = 2 ** 30, variables, inflate } = options;
  checkMaxBytes('readMat.maxBytes', maxBytes);
  const bigEndian = byteOrderOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = variables && new Set(variables);
  const budget = { left: maxBytes, maxBytes };
  const arrays = new Map<string, MatArray>();
  const names = new Set<string>();
  for (let at = 128; at < bytes.length; ) {
    if (bytes.length - at < 8) {
      throw new MatError(`got ${bytes.length - at} bytes; expected a tag of 8. Was the file cut off?`, at);
    }
    const type = view.getUint32(at, !bigEndian);
    const size = view.getUint32(at + 4, !bigEndian);
    const start = at + 8;
    if (type !== MATRIX && type !== COMPRESSED) {
      throw new MatError(
        `got an element of type ${type}; expected ${MATRIX} (matrix) or ${COMPRESSED} (compressed).`,
        at,
      );
    }
    if (size > bytes.length - start) {
      throw new MatError(
        `got ${bytes.length - start} bytes; expected an element of ${size}. Was the file cut off?`,
        at,
      );
    }
    if (type === MATRIX && size === 0) {
      at = start;
      continue;
    }
    const data = bytes.subarray(start, start + size);
    const source: MatSource =
      type === MATRIX
        ? new PlainSource(data, bigEndian, start)
        : new InflatedSource(data, bigEndian, at, inflate);
    const variable = variableOf(source);
    const { name } = variable;
    if (name !== '' && names.has(name)) {
      throw new MatError(`got the variable '${name}' twice; expected different names.`, at);
    }
    names.add(name);
    // A variable without a name holds the data of MATLAB's objects.
    if (name !== '' && (!wanted || wanted.has(name))) {
      if (variable.otherKind === undefined) arrays.set(name, arrayOf(source, variable, budget));
      else if (wanted) {
        throw new MatError(
          `got ${variable.otherKind} as the variable '${name}'; expected an array of real numbers.`,
          at,
        );
      }
    }
    at = start + size;
  }
  for (const name of variables ?? []) {
    if (!arrays.has(name)) {
      const found = [...names].filter((other) => other !== '');
      throw new MatError(
        `got the variables ${found.join(', ') || '(none)'}; expected '${name}' among them.`,
        bytes.length,
      );
    }
  }
  return arrays;
}

/**
 * Converts an array to row by row.
 *
 * @example
 * ```ts
 * import { matRowByRow } from '@amr/formats';
 *
 * // [1 2 3; 4 5 6]
 * const matrix = { dtype: 'uint8' as const, dimensions: [2, 3], values: Uint8Array.of(1, 4, 2, 5, 3, 6) };
 * console.log(matRowByRow(matrix)); // { dtype: 'uint8', shape: [2, 3], values: Uint8Array [1, 2, 3, 4, 5, 6] }
 * ```
 */
export function matRowByRow({ dtype, dimensions, values }: MatArray): NumericArray {
  const width = values.BYTES_PER_ELEMENT;
  const strides = dimensions.map((_, axis) => sizeOf(dimensions.slice(0, axis)));
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const packed = values.length === 0 ? bytes.slice() : rowByRow(bytes, width, dimensions, strides);
  return { dtype, shape: [...dimensions], values: decodeElements(dtype, packed) };
}

const COMPRESSED = 15;

const OPTIONS = ['variables', 'maxBytes', 'inflate'] as const satisfies readonly (keyof MatOptions)[];

/**
 * Whether the file is big-endian.
 * @throws {MatError} when it is not a MAT-file of level 5
 */
function byteOrderOf(bytes: Uint8Array): boolean {
  const text = (start: number, end: number) => String.fromCharCode(...bytes.subarray(start, end));
  const order = text(126, 128);
  const version = order === 'MI' ? bytes[124]! : bytes[125]!;
  if (
    text(1, 8) === 'HDF\r\n\x1a\n' ||
    text(0, 10) === 'MATLAB 7.3' ||
    (/MI|IM/.test(order) && version === 2)
  ) {
    throw new MatError(
      "got a MAT-file of version 7.3 (HDF5); expected level 5. Load it in MATLAB and save it with save(file, '-v7').",
      0,
    );
  }
  if (bytes.length < 128) {
    throw new MatError(`got ${bytes.length} bytes; expected a header of 128. Was the file cut off?`, 0);
  }
  if (order !== 'MI' && order !== 'IM') {
    const level4 = bytes.subarray(0, 4).includes(0);
    throw new MatError(
      `got another file${level4 ? ', perhaps a MAT-file of level 4' : ''}; expected a MAT-file of level 5, whose bytes 126 and ` +
        `127 are 'MI' or 'IM'.${level4 ? ' Load a file of level 4 in MATLAB and save it with -v7.' : ''}`,
      126,
    );
  }
  if (version !== 1) throw new MatError(`got version ${version}; expected 1 (level 5).`, 124);
  return order === 'MI';
}
