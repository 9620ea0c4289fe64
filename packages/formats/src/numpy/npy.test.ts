import { describe, expect, it } from 'vitest';
import { NpyError, readNpy } from './npy.js';

/** An .npy file of version 1 with this description. */
function npy(description: string, data: readonly number[] = [], version = 1): Uint8Array {
  const text = new TextEncoder().encode(description);
  const bytes = [0, 8, 16, 24].map((shift) => (text.length >> shift) & 255);
  const length = version === 1 ? bytes.slice(0, 2) : bytes;
  return Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), version, 0, ...length, ...text, ...data);
}
const describedAs = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

describe('readNpy', () => {
  it('reads bytes of any alignment', () => {
    const file = npy(describedAs('<i2', '(2,)'), [1, 0, 2, 0]);
    for (let shift = 0; shift < 4; shift++) {
      const inside = new Uint8Array(file.length + shift);
      inside.set(file, shift);
      expect(readNpy(inside.subarray(shift)).values).toEqual(Int16Array.of(1, 2));
    }
  });

  it.each([2, 3])('reads version %d', (version) => {
    const { shape, values } = readNpy(npy(describedAs('|u1', '(1, 2)'), [5, 6], version));
    expect([shape, values]).toEqual([[1, 2], Uint8Array.of(5, 6)]);
  });

  it('puts the axes of Fortran arrays in their order', () => {
    const { values } = readNpy(npy(describedAs('|u1', '(2, 3)', 'True'), [1, 2, 3, 4, 5, 6]));
    expect([...values]).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it.each([
    ['something else', new Uint8Array(20), /begin with/],
    ['no bytes', new Uint8Array(0), /begin with/],
    ['a later version', npy(describedAs('<f4', '()'), [0, 0, 0, 0], 4), /version 4/],
    [
      'a header cut off',
      npy(describedAs('<f4', '()')).subarray(0, 20),
      /^\.npy: got 20 bytes; expected a header up to byte 66/,
    ],
    ['objects', npy(describedAs('|O', '(1,)')), /described as.*'\|O'.*expected a shape and a type/],
    ['texts', npy(describedAs('<U3', '(1,)')), /'<U3'/],
    ['records', npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"), /described as/],
    ['no shape', npy("{'descr': '<f4', 'fortran_order': False, }"), /described as/],
    ['too few bytes', npy(describedAs('<f4', '(2,)'), [0, 0, 0, 0]), /got 4 bytes of data; expected 8,/],
    ['too many bytes', npy(describedAs('<f4', '()'), [0, 0, 0, 0, 0]), /got 5 bytes of data; expected 4,/],
    ['more axes than NumPy has', npy(describedAs('|u1', `(${'1,'.repeat(65)})`), [0]), /of 65 axes/],
    [
      'a long header',
      npy(describedAs('|u1', `(${'1,'.repeat(40_000)})`), [0], 2),
      /got a header of 80\d+ bytes/,
    ],
    ['a size beyond all', npy(describedAs('<f4', `(${'9'.repeat(400)},)`)), /expected Infinity,/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(NpyError);
    expect(() => readNpy(bytes)).toThrow(message);
  });
});
