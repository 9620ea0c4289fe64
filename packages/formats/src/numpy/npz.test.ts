import { described, golden, testData } from '@amr/testing/formats/golden';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ZipError } from '../zip/zip.js';
import { NpyError } from './npy.js';
import { readNpz } from './npz.js';

describe('readNpz', () => {
  it.each(['arrays.npz', 'arraysCompressed.npz'])('reads what NumPy wrote: %s', (file) => {
    const native = Object.entries(golden.arrays).map(([name, array]) => [
      name,
      // NumPy says `>f4` for what is float32 in the other byte order.
      {
        ...array,
        dtype: array.dtype
          .replace(/^>f(\d)$/, (_, n) => `float${8 * n}`)
          .replace(/^>i(\d)$/, (_, n) => `int${8 * n}`),
      },
    ]);
    expect(described(readNpz(testData(file)))).toEqual(Object.fromEntries(native));
  });

  it('names the array that it refuses', () => {
    expect(() => readNpz(testData('objects.npz'))).toThrow(NpyError);
    expect(() => readNpz(testData('objects.npz'))).toThrow(/^'a': got an array described as .*'\|O'/);
  });

  it('refuses other files in the archive', () => {
    expect(() => readNpz(zipSync({ 'a.txt': new Uint8Array(1) }))).toThrow(/got 'a.txt'.*end in .npy/);
  });

  it('refuses more than maxBytes', () => {
    expect(() => readNpz(testData('arraysCompressed.npz'), { maxBytes: 1000 })).toThrow(ZipError);
  });
});
