import { golden, testData } from '@amr/testing/formats/golden';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from './errors.js';
import { readSafetensors } from './safetensors/readSafetensors.js';
import { writeSafetensors } from './safetensors/writeSafetensors.js';
import { readTensorFile } from './tensorFile.js';

const safetensors = writeSafetensors({
  tensors: new Map([
    ['a', { dtype: 'F32', shape: [2], bytes: new Uint8Array(Float32Array.of(1, 2).buffer) }],
    ['b', { dtype: 'I64', shape: [], bytes: new Uint8Array(8) }],
  ]),
  metadata: {},
});
const files = [
  'tensors.pth',
  'tensors4.pth',
  'checkpoint.pth',
  'module.pth',
  'arrays.npz',
  'arraysCompressed.npz',
  'script.pt',
  'tensorsLegacy.pth',
];
const contents = [safetensors, ...files.map(testData)];

describe('readTensorFile', () => {
  it.each<[string, Uint8Array, string, string[]]>([
    ['safetensors', safetensors, 'safetensors', ['a', 'b']],
    ['npz', testData('arrays.npz'), 'npz', Object.keys(golden.arrays)],
    ['pth', testData('tensors.pth'), 'torch', Object.keys(golden.tensors)],
    ['a checkpoint', testData('checkpoint.pth'), 'torch', Object.keys(golden.checkpoint)],
  ])('recognises %s by its bytes', (_, bytes, format, names) => {
    const file = readTensorFile(bytes);
    expect([file.format, [...file.tensors.keys()]]).toEqual([format, names]);
  });

  it.each([0x4b50, 0x80])(
    'recognises safetensors with a header of %i bytes, which begins like another format',
    (length) => {
      const header = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.padEnd(length);
      const bytes = new Uint8Array(8 + length + 1);
      new DataView(bytes.buffer).setUint32(0, length, true);
      bytes.set(new TextEncoder().encode(header), 8);
      expect(readSafetensors(bytes).tensors.size).toBe(1);
      expect(readTensorFile(bytes).format).toBe('safetensors');
    },
  );

  it('reads the state dict under the given keys', () => {
    const { tensors } = readTensorFile(testData('checkpoint.pth'), { stateDict: ['optimizer', 'state'] });
    expect([...tensors.keys()]).toEqual(['0.exp_avg']);
  });

  it('names the first bytes of an unknown format', () => {
    expect(() => readTensorFile(new TextEncoder().encode('\x89HDF'))).toThrow(
      /got 5 bytes that begin with c2 89 48 44 46/,
    );
  });

  const readsOrRefuses = (bytes: Uint8Array) => {
    try {
      readTensorFile(bytes, { maxBytes: 2 ** 20 });
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  };
  const file = fc.constantFrom(...contents);

  it('throws its error for a file that is cut off anywhere', () => {
    fc.assert(
      fc.property(file, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (bytes, share) => {
        expect(() => readTensorFile(bytes.subarray(0, Math.floor(share * bytes.length)))).toThrow(
          FormatError,
        );
      }),
      { numRuns: 400 },
    );
  });

  it('reads or refuses a file with some changed bytes, quickly', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(file, changes, (bytes, places) => {
        const damaged = bytes.slice();
        for (const [place, byte] of places) damaged[place % bytes.length] = byte;
        readsOrRefuses(damaged);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads or refuses any bytes behind the first ones of a format', () => {
    const start = fc.constantFrom([0x50, 0x4b, 3, 4], [0x80, 2], [0x20, 0, 0, 0, 0, 0, 0, 0, 0x7b], []);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (first, rest) => {
        readsOrRefuses(Uint8Array.of(...first, ...rest));
      }),
      { numRuns: 500 },
    );
  });
});
