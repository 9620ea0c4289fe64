import { inflateSync } from 'node:zlib';
import { testData } from '@amr/testing/formats/golden';
import * as fc from 'fast-check';
import { zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { matRowByRow, readMat } from './mat.js';
import { MatError } from './matError.js';

const cube = Array.from({ length: 24 }, (_, i) => i);
const widths = { int8: 8, uint8: 8, int16: 16, uint16: 16, int32: 32, uint32: 32, int64: 64, uint64: 64 };

const inflate = (bytes: Uint8Array, maxBytes: number) => inflateSync(bytes, { maxOutputLength: maxBytes });

describe.each(['arrays.mat', 'arraysCompressed.mat'])('%s of SciPy', (file) => {
  const arrays = readMat(testData(file));

  it('reads doubles and singles, first axis fastest, and converts them to row by row', () => {
    const double = arrays.get('double')!;
    expect(double).toMatchObject({ dtype: 'float64', dimensions: [2, 3, 4] });
    // Element (1, 2, 3), by the formula in MatArray.
    expect(double.values[1 + 2 * (2 + 3 * 3)]).toBe(23 / 7);
    expect(matRowByRow(double)).toEqual({
      dtype: 'float64',
      shape: [2, 3, 4],
      values: Float64Array.from(cube, (value) => value / 7),
    });
    expect(matRowByRow(arrays.get('single')!).values).toEqual(Float32Array.from(cube, (value) => value / 7));
  });

  it.each(Object.entries(widths))('reads %s from its smallest to its largest value', (dtype, bits) => {
    const [smallest, largest] = dtype.startsWith('u')
      ? [0n, 2n ** BigInt(bits) - 1n]
      : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
    const { values, dimensions, dtype: found } = arrays.get(dtype)!;
    expect([found, dimensions]).toEqual([dtype, [2, 2]]);
    expect(Array.from(values as Int32Array, BigInt)).toEqual([smallest, 2n, 1n, largest]);
  });

  it('reads logical arrays, scalars and empty arrays', () => {
    expect(arrays.get('logical')).toEqual({
      dtype: 'bool',
      dimensions: [1, 3],
      values: Uint8Array.of(1, 0, 1),
    });
    expect(arrays.get('scalar')).toEqual({
      dtype: 'float64',
      dimensions: [1, 1],
      values: Float64Array.of(2.5),
    });
    expect(matRowByRow(arrays.get('empty')!)).toEqual({
      dtype: 'float64',
      shape: [0, 3],
      values: new Float64Array(0),
    });
  });

  it.each([
    ['complex', 'complex numbers'],
    ['text', 'a text'],
    ['record', 'a struct'],
    ['cells', 'a cell'],
  ])('skips the variable %s, and names its kind when it was asked for', (name, kind) => {
    expect(arrays.has(name)).toBe(false);
    expect(() => readMat(testData(file), { variables: [name] })).toThrow(kind);
  });

  it('reads only the variables that were asked for, and lists those of the file', () => {
    expect([...readMat(testData(file), { variables: ['scalar'] }).keys()]).toEqual(['scalar']);
    expect(() => readMat(testData(file), { variables: ['d_depth'] })).toThrow(
      /got the variables .*scalar.*; expected 'd_depth' among them/,
    );
  });
});

it.each(['narrow.mat', 'bigEndian.mat'])('widens values that %s stores narrower than their class', (file) => {
  const arrays = Object.fromEntries(readMat(testData(file)));
  expect(arrays).toEqual({
    bytes: { dtype: 'float64', dimensions: [2, 2], values: Float64Array.of(1, 2, 3, 250) },
    shorts: { dtype: 'float64', dimensions: [1, 3], values: Float64Array.of(-5, 0, 300) },
    long: { dtype: 'int64', dimensions: [1, 2], values: BigInt64Array.of(-1n, 7n) },
    single: { dtype: 'float32', dimensions: [1, 2], values: Float32Array.of(9, 60000) },
    double: { dtype: 'float64', dimensions: [1, 2], values: Float64Array.of(0.25, -3) },
    logical: { dtype: 'bool', dimensions: [1, 2], values: Uint8Array.of(1, 0) },
  });
});

/** A file whose one variable, packed, is declared as `declared` bytes of uint8 and unpacks to `real`. */
function packed(declared: number, real: number, change: (matrix: DataView) => void = () => {}): Uint8Array {
  const matrix = new Uint8Array(56 + real);
  const view = new DataView(matrix.buffer);
  const words = [14, 48 + declared, 6, 8, 9, 0, 5, 8, declared, 1, 0x10001, 0x78, 2, declared];
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
  change(view);
  const zipped = zlibSync(matrix, { level: 9 });
  const file = new Uint8Array(136 + zipped.length);
  file.set(testData('narrow.mat').subarray(0, 128));
  new DataView(file.buffer).setUint32(128, 15, true);
  new DataView(file.buffer).setUint32(132, zipped.length, true);
  file.set(zipped, 136);
  return file;
}

describe('readMat refuses', () => {
  const refused = (bytes: Uint8Array, options = {}) => {
    try {
      readMat(bytes, options);
    } catch (error) {
      expect(error).toBeInstanceOf(MatError);
      return error as MatError;
    }
    throw new Error('it was read');
  };

  it('data that unpack to more or less than they declare, without unpacking them', () => {
    expect(readMat(packed(800, 800)).get('x')!.values).toHaveLength(800);
    const bomb = packed(800, 2 ** 22);
    // From here on the bytes are not a deflate stream: reading them would be another error.
    expect(bomb.length).toBeGreaterThan(4000);
    bomb.fill(0xff, 3000, -4);
    expect(refused(bomb).message).toMatch(
      /^byte 128: in compressed data, got more than the declared size; expected 856 bytes/,
    );
    const unwanted = packed(2 ** 22, 2 ** 22).fill(0xff, 3000, -4);
    expect(readMat(unwanted, { variables: [] }).size).toBe(0);
    expect(refused(unwanted).message).toMatch(/got damaged data/);
    expect(refused(packed(800, 500)).message).toMatch(/got 556 bytes unpacked; expected 856/);
    expect(refused(packed(2 ** 31, 500)).message).toMatch(
      /got a declared size of 2147483704 bytes; expected less/,
    );
  });

  it('a long name, before it unpacks everything', () => {
    const long = packed(2 ** 22, 2 ** 22, (view) => {
      view.setUint32(40, 1, true);
      view.setUint32(44, 3000, true);
    });
    const unread = () => expect.unreachable('it was unpacked') as never;
    expect(refused(long, { inflate: unread }).message).toMatch(/expected the name of a variable/);
  });

  it('the same with a given inflater', () => {
    const filled = packed(2 ** 22, 2 ** 22, (view) => view.setUint8(56, 7));
    const values = (options = {}) => readMat(filled, options).get('x')!.values as Uint8Array;
    expect(values()[0]).toBe(7);
    expect(Buffer.compare(values(), values({ inflate }))).toBe(0);
    expect(refused(packed(10000, 2 ** 22), { inflate }).message).toMatch(
      /got more than the declared size; expected 10056 bytes|more than declared .*; expected 10056 bytes/,
    );
    expect(refused(packed(2 ** 22 + 8, 2 ** 22), { inflate }).message).toMatch(
      /got 4194360 bytes unpacked; expected 4194368/,
    );
    const file = packed(2 ** 22, 2 ** 22);
    file[file.length - 1] = file.at(-1)! ^ 1;
    expect(refused(file, { inflate }).message).toMatch(/damaged.*incorrect data check/);
  });

  it('more than maxBytes, before it is unpacked', () => {
    expect(refused(packed(2 ** 20, 2 ** 20), { maxBytes: 2 ** 19 }).message).toMatch(
      /more than 524288 bytes; expected at most maxBytes/,
    );
    // Each stored byte becomes 8.
    expect(refused(testData('narrow.mat'), { maxBytes: 31 }).offset).toBe(128 + 8 + 16 + 16 + 16);
  });

  it('data with a wrong checksum', () => {
    const file = packed(800, 800);
    file[file.length - 1] = file.at(-1)! ^ 1;
    expect(refused(file).message).toMatch(/checksum/);
  });

  it.each([
    ['nothing', new Uint8Array(0), /got 0 bytes; expected a header of 128/, 0],
    ['another kind', new Uint8Array(200).fill(65), /bytes 126 and 127/, 126],
    ['level 4', new Uint8Array(200), /level 4/, 126],
    ['HDF5', new TextEncoder().encode(`MATLAB 7.3 MAT-file${' '.repeat(200)}`), /'-v7'/, 0],
    ['a cut', testData('narrow.mat').subarray(0, 180), /cut off/, 128],
  ])('%s', (_, bytes, reason, offset) => {
    const error = refused(bytes);
    expect(error.message).toMatch(reason);
    expect(error.offset).toBe(offset);
  });

  it('two variables with the same name', () => {
    const file = testData('narrow.mat');
    const twice = new Uint8Array([...file, ...file.subarray(128)]);
    expect(refused(twice).message).toMatch(/got the variable 'bytes' twice/);
  });

  it('sizes that do not fit the values', () => {
    const file = packed(800, 800, (view) => view.setUint32(32, 2 ** 31 - 1, true));
    expect(refused(file).message).toMatch(
      /got 800 bytes for 'x'; expected 2147483647, for 2147483647 x 1 of uint8/,
    );
  });

  const files = ['arrays.mat', 'arraysCompressed.mat', 'narrow.mat', 'bigEndian.mat'].map(testData);
  it('cut off or changed files with a MatError, or reads them', () => {
    const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(change, { maxLength: 4 }),
        fc.option(fc.nat()),
        fc.constantFrom(undefined, inflate),
        (file, changes, cut, inflate) => {
          const bytes = file.slice(0, cut === null ? undefined : cut % file.length);
          // Half of them in the first kilobyte, where tags are dense.
          for (const { at, value } of changes) {
            bytes[at % (at % 2 ? 1024 : Math.max(1, bytes.length))] = value;
          }
          try {
            for (const array of readMat(bytes, { maxBytes: 2 ** 24, inflate }).values()) matRowByRow(array);
          } catch (error) {
            expect(error).toBeInstanceOf(MatError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
