import { readFileSync } from 'node:fs';
import { type Described, fromHex } from '@amr/testing/formats/golden';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../errors.js';
import { float32ValuesOf } from '../numericArray.js';
import { readPickle } from '../pickle/pickle.js';
import { PickleError, PickleRefusedError } from '../pickle/pickleErrors.js';
import { plainGlobals } from '../pickle/plainGlobals.js';
import { type NumpyArray, numpyGlobals } from './numpyPickle.js';

interface Written {
  [protocol: string]: { arrays: string; scalars: string; object: string; text: string; record: string };
}
const golden: {
  arrays: { [name: string]: Described };
  scalars: { [name: string]: string };
  numpy1: Written;
  numpy2: Written;
} = JSON.parse(readFileSync(new URL('../../test-data/numpyPickles.json', import.meta.url), 'utf8'));

const globals = new Map([...plainGlobals(), ...numpyGlobals()]);
const read = (bytes: Uint8Array) => readPickle(bytes, { globals });
const files = (['numpy1', 'numpy2'] as const).flatMap((numpy) =>
  ['2', '3', '4', '5'].map((protocol) => ({ numpy, protocol, hex: golden[numpy][protocol]! })),
);

describe('numpyGlobals', () => {
  it.each(files)('reads the arrays that $numpy wrote with protocol $protocol', ({ hex }) => {
    const arrays = read(fromHex(hex.arrays)) as Map<string, NumpyArray>;
    expect([...arrays.keys()]).toEqual(Object.keys(golden.arrays));
    for (const [name, { dtype, shape, values }] of arrays) {
      const numbers = Array.from(values as ArrayLike<number | bigint>, Number);
      expect({ dtype, shape, values: numbers }, name).toEqual(golden.arrays[name]);
    }
    expect(arrays.get('twice')).toBe(arrays.get('<f4'));
  });

  it.each(files)('reads the scalars that $numpy wrote with protocol $protocol', ({ hex }) => {
    const scalars = read(fromHex(hex.scalars)) as Map<string, number | bigint>;
    expect(scalars.get('f4')).toBe(1.5);
    expect(scalars.get('i8')).toBe(-7);
    expect(scalars.get('large')).toBe(2n ** 60n);
    expect(scalars.get('bool')).toBe(1);
  });

  it.each(files)('refuses types that are not numbers: $numpy, protocol $protocol', ({ hex }) => {
    expect(() => read(fromHex(hex.object))).toThrow(/a NumPy array of type 'O8', which is refused/);
    expect(() => read(fromHex(hex.text))).toThrow(/a NumPy array of type 'U1'/);
    expect(() => read(fromHex(hex.record))).toThrow(/a NumPy array of type 'V8'/);
    expect(() => read(fromHex(hex.record))).toThrow(PickleRefusedError);
  });

  it('keeps views of the bytes, and decodes them once, when they are read', () => {
    for (const protocol of ['3', '4', '5']) {
      const bytes = fromHex(golden.numpy2[protocol]!.arrays);
      const arrays = read(bytes) as Map<string, NumpyArray>;
      for (const [name, array] of arrays) {
        if (array.bytes.length > 0) expect(array.bytes.buffer, name).toBe(bytes.buffer);
      }
      const array = arrays.get('|u1')!;
      expect(array.values.buffer).toBe(bytes.buffer);
      expect(float32ValuesOf(array)).toEqual(Float32Array.from({ length: 12 }, (_, i) => i));
      expect(arrays.get('<f2')!.values).toBe(arrays.get('<f2')!.values);
    }
  });

  describe('checks the parts of an array', () => {
    const call = (name: string, ...args: unknown[]) => globals.get(name)!.call!(args);
    const dtype = call('numpy.dtype', 'f4', false, true);
    const frombuffer = (...args: unknown[]) => call('numpy.core.numeric._frombuffer', ...args);
    const bytes = new Uint8Array(8);
    /** Written out, it would have 2^60 parts. */
    const nest = () => Array.from({ length: 60 }).reduce<unknown[]>((list) => [list, list], []);

    it.each<[string, () => unknown, RegExp]>([
      [
        'more elements than bytes',
        () => frombuffer(bytes, dtype, [3], 'C'),
        /got 8 bytes of an array; expected 12,/,
      ],
      [
        'fewer elements than bytes',
        () => frombuffer(bytes, dtype, [1], 'C'),
        /got 8 bytes of an array; expected 4,/,
      ],
      ['a huge shape', () => frombuffer(bytes, dtype, [2 ** 50, 2 ** 50], 'C'), /got 8/],
      ['a thousand axes', () => frombuffer(bytes, dtype, Array(1000).fill(1), 'F'), /at most 64 sizes/],
      ['a nest of lists for a type', () => call('numpy.dtype', nest()), /of type a value of type Array,/],
      [
        'a nest of lists for an order',
        () => frombuffer(bytes, dtype, [2], nest()),
        /order a value of type Array;/,
      ],
      ['a negative size', () => frombuffer(bytes, dtype, [-2, -1], 'C'), /sizes, all 0 or more/],
      ['no bytes', () => frombuffer([1, 2], dtype, [2], 'C'), /for its data; expected bytes/],
      ['no type', () => frombuffer(bytes, 'f4', [2], 'C'), /a numpy.dtype/],
      ['an unknown order', () => frombuffer(bytes, dtype, [2], 'A'), /order 'A'; expected C, F or K/],
      [
        'an axis twice',
        () => frombuffer(bytes, dtype, [2, 1], 'K', [1, 1]),
        /got the axes \[1, 1\] .*expected a permutation/,
      ],
      [
        'an axis that is not there',
        () => frombuffer(bytes, dtype, [2, 1], 'K', [0, 2]),
        /got the axes \[0, 2\]/,
      ],
      ['axes for no shape', () => frombuffer(bytes, dtype, [2, 1], 'K'), /got the axes undefined/],
      [
        'an unknown byte order',
        () => numpyGlobals().get('numpy.dtype')!.setState!({}, [3, '?']),
        /byte order '\?'/,
      ],
      ['an inherited property', () => call('numpy.dtype', 'constructor'), /'constructor'/],
      ['a subclass', () => call('numpy.core.multiarray._reconstruct', {}), /a subclass of numpy.ndarray/],
    ])('refuses %s', (_, make, message) => {
      expect(make).toThrow(message);
      expect(make).toThrow(PickleError);
    });
  });

  it('says how far a damaged pickle was read', () => {
    const bytes = fromHex(golden.numpy2['4']!.arrays);
    try {
      read(bytes.subarray(0, 500));
      expect.unreachable();
    } catch (error) {
      expect((error as PickleError).offset).toBeLessThanOrEqual(500);
      expect((error as PickleError).offset).toBeGreaterThan(300);
    }
  });

  it('reads changed bytes or throws its error', () => {
    const whole = files.map(({ hex }) => fromHex(hex.arrays));
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        fc.nat(),
        (file, changes, end) => {
          const bytes = file.slice(0, end % 3 === 0 ? end % file.length : file.length);
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          try {
            for (const array of (read(bytes) as Map<string, NumpyArray>).values()) void array.values;
          } catch (error) {
            // A change may also leave another value than a dict of arrays.
            if (!(error instanceof TypeError)) expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
