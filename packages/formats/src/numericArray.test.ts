import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeElements, float32ValuesOf } from './numericArray.js';

const bits = (...words: number[]) => new Uint8Array(Uint16Array.from(words).buffer);

describe('decodeElements', () => {
  it('reads half precision', () => {
    const values = decodeElements(
      'float16',
      bits(0, 0x8000, 1, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0xfc00),
    );
    // 0, -0, the smallest and the largest subnormal, the smallest normal number, 1, -2, the largest, -infinity.
    expect([...values]).toEqual([
      0,
      -0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      1,
      -2,
      65504,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(decodeElements('float16', bits(0x7e00))[0]).toBeNaN();
  });

  it('reads brain floats, the upper halves of float32', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        const upper = new Float32Array(Uint32Array.of(word << 16).buffer)[0];
        expect(decodeElements('bfloat16', bits(word))[0]).toBe(upper);
      }),
    );
  });

  it("does not change the bytes of Node's Buffer, whose slice is a view", () => {
    const file = Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 2]);
    expect([...decodeElements('uint32', file.subarray(1))]).toEqual([2 ** 24, 2 ** 25]);
    expect([...decodeElements('uint32', file.subarray(1), true)]).toEqual([1, 2]);
    expect([...file]).toEqual([9, 0, 0, 0, 1, 0, 0, 0, 2]);
  });

  it('reads either byte order at any alignment, and does not change the bytes', () => {
    const numbers = fc.array(fc.double(), { maxLength: 4 });
    fc.assert(
      fc.property(numbers, fc.boolean(), fc.nat(7), (values, bigEndian, shift) => {
        const buffer = new Uint8Array(8 * values.length + shift);
        const view = new DataView(buffer.buffer, shift);
        for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, !bigEndian);
        const before = buffer.slice();
        expect([...decodeElements('float64', buffer.subarray(shift), bigEndian)]).toEqual(values);
        expect(buffer).toEqual(before);
      }),
    );
  });
});

describe('float32ValuesOf', () => {
  it('returns the array itself when it is float32', () => {
    const values = Float32Array.of(1);
    expect(float32ValuesOf({ dtype: 'float32', shape: [1], values })).toBe(values);
  });

  it('converts other types', () => {
    const converted = float32ValuesOf({
      dtype: 'uint64',
      shape: [2],
      values: BigUint64Array.of(3n, 2n ** 60n),
    });
    expect(converted).toEqual(Float32Array.of(3, 2 ** 60));
    expect(float32ValuesOf({ dtype: 'bool', shape: [2], values: Uint8Array.of(0, 1) })).toEqual(
      Float32Array.of(0, 1),
    );
  });
});
