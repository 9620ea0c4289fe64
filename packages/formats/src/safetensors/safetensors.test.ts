import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, readSafetensorsHead } from './readSafetensors.js';
import { type SafetensorsDtype, SafetensorsError, safetensorsValues } from './safetensors.js';
import { layOutSafetensors, writeSafetensors } from './writeSafetensors.js';

const elementBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};
const entry = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(elementBytes) as SafetensorsDtype[])),
    shape: fc.array(fc.nat(3), { maxLength: 3 }),
  })
  .map(({ dtype, shape }) => {
    const size = shape.reduce((product, n) => product * n, 1) * elementBytes[dtype];
    return { dtype, shape, bytes: Uint8Array.from({ length: size }, (_, i) => i * 7) };
  });
const name = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__' && text !== '__metadata__');

describe('safetensors', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.dictionary(name, entry), fc.dictionary(name, fc.string()), (tensors, metadata) => {
        // JSON headers return names that look like array indices in another order.
        const file = { tensors: new Map(Object.entries(tensors)), metadata: { ...metadata } };
        const read = readSafetensors(writeSafetensors(file));
        expect(new Map([...read.tensors].sort())).toEqual(new Map([...file.tensors].sort()));
        expect(read.metadata).toEqual(file.metadata);
        const bytes = writeSafetensors(file);
        const layout = layOutSafetensors(file);
        expect(bytes.subarray(0, layout.header.length)).toEqual(layout.header);
        expect(layout.bytes).toBe(bytes.length);
        const head = readSafetensorsHead(layout.header, bytes.length);
        expect(head.dataStart).toBe(layout.header.length);
        expect(head.tensors).toEqual(layout.tensors);
        for (const [name, { start, end }] of layout.tensors) {
          expect(bytes.subarray(start, end)).toEqual(file.tensors.get(name)!.bytes);
        }
        expect(() => readSafetensorsHead(layout.header, bytes.length + 1)).toThrow(SafetensorsError);
      }),
      { numRuns: 50 },
    );
  });

  it('writes the bytes that the format prescribes', () => {
    const bytes = writeSafetensors({
      tensors: new Map([['a', { dtype: 'U8', shape: [2], bytes: Uint8Array.of(1, 2) }]]),
      metadata: { k: 'v' },
    });
    const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect([...bytes.subarray(0, 8)]).toEqual([padded.length, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length))).toBe(padded);
    expect([...bytes.subarray(8 + padded.length)]).toEqual([1, 2]);
  });

  const raw = (header: unknown, data = 0) => {
    const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const u8 = (start: number, end: number, shape = [end - start]) => ({
    dtype: 'U8',
    shape,
    data_offsets: [start, end],
  });
  it.each([
    ['no header', new Uint8Array(4), /^safetensors: got 4 bytes; expected at least 8/],
    [
      'a header past the end',
      raw('{}').subarray(0, 9),
      /got 1 bytes behind the length; expected a header of 2/,
    ],
    [
      'a header beyond 100 MB',
      Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 0),
      /got a header of 134217728 bytes; expected at most 100000000/,
    ],
    [
      'a name twice',
      raw(`{"a":${JSON.stringify(u8(0, 1))},"a":${JSON.stringify(u8(0, 1))}}`, 1),
      /got the tensor 'a' twice/,
    ],
    ['a name twice, once escaped', raw('{"a":[], "\\u0061" :{"x:{":"}"}}'), /got the tensor 'a' twice/],
    ['an entry that is not an object', raw({ a: 3 }), /^tensor 'a': got 3; expected an object/],
    ['three offsets', raw({ a: { ...u8(0, 1), data_offsets: [0, 1, 1] } }, 1), /two numbers/],
    ['a size that is not a whole number', raw({ a: u8(0, 1, [0.5]) }, 1), /list of sizes/],
    ['a header that is not JSON', raw('{"a"'), /not JSON/],
    ['a list as header', raw('[]'), /JSON object/],
    ['an unknown type', raw({ a: { ...u8(0, 1), dtype: 'F7' } }, 1), /^tensor 'a'\.dtype: got 'F7'/],
    ['a negative size', raw({ a: u8(0, 1, [-1]) }, 1), /list of sizes/],
    ['offsets that miss the shape', raw({ a: u8(0, 2, [3]) }, 2), /data_offsets: got 2 bytes; expected 3,/],
    ['data past the end', raw({ a: u8(0, 4) }, 3), /got an end at byte 4/],
    ['a gap', raw({ a: u8(0, 1), b: u8(2, 3) }, 3), /gap or overlap at byte 1/],
    ['an overlap', raw({ a: u8(0, 2), b: u8(1, 3) }, 3), /gap or overlap/],
    [
      'bytes that belong to no tensor',
      raw({ a: u8(0, 1) }, 2),
      /tensors up to byte 1 of the data; expected an end at the file's, 2/,
    ],
    ['metadata that are not texts', raw({ __metadata__: { a: 1 } }), /names to texts/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it.each<[SafetensorsDtype, ArrayBufferView, number[]]>([
    ['F64', Float64Array.of(0.1), [0.1]],
    ['F16', Uint16Array.of(0x3e00), [1.5]],
    ['BF16', Uint16Array.of(0x3fc0), [1.5]],
    ['I16', Int16Array.of(-2), [-2]],
    ['U32', Uint32Array.of(2 ** 31), [2 ** 31]],
    ['BOOL', Uint8Array.of(1), [1]],
  ])('gives the values of %s', (dtype, array, expected) => {
    const bytes = new Uint8Array(array.buffer);
    const { shape, values } = safetensorsValues({ dtype, shape: [1], bytes });
    expect([shape, Array.from(values as ArrayLike<number>)]).toEqual([[1], expected]);
  });

  it('reads a header with a text of millions of characters', () => {
    const text = 'x\\'.repeat(4e6);
    const file = readSafetensors(writeSafetensors({ tensors: new Map(), metadata: { text, more: '"' } }));
    expect(file.metadata).toEqual({ text, more: '"' });
  });

  it('refuses to write a tensor under the name of the metadata', () => {
    const tensors = new Map([
      ['__metadata__', { dtype: 'U8' as const, shape: [], bytes: new Uint8Array(1) }],
    ]);
    expect(() => writeSafetensors({ tensors, metadata: {} })).toThrow(/got a tensor named '__metadata__'/);
  });

  it('refuses to write bytes that miss their shape', () => {
    const tensors = new Map([['a', { dtype: 'F32' as const, shape: [2], bytes: new Uint8Array(4) }]]);
    expect(() => writeSafetensors({ tensors, metadata: {} })).toThrow(/got 4 bytes; expected 8,/);
  });
});
