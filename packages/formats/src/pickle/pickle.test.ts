import { fromHex, golden } from '@amr/testing/formats/golden';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPickle } from './pickle.js';
import { PickleError, PickleRefusedError } from './pickleErrors.js';
import type { PickleGlobal } from './pickleMachine.js';
import { plainGlobals } from './plainGlobals.js';

const none = { globals: new Map<string, PickleGlobal>() };
const text = (characters: string) => [...new TextEncoder().encode(characters)];
/** A pickle of protocol 2 with these instructions, and an end. */
const pickle = (...instructions: number[]) => Uint8Array.of(0x80, 2, ...instructions, 0x2e);
/** Dicts as objects, for comparison with JSON. */
const plain = (value: unknown): unknown => {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
};

describe('readPickle', () => {
  it.each(['2', '3', '4', '5'])('reads what Python wrote with protocol %s', (protocol) => {
    const value = readPickle(fromHex(golden.pickles.bytes[protocol]!), none) as Map<string, unknown[]>;
    expect(plain(value)).toEqual(golden.pickles.values);
    expect(value.get('twice')![0]).toBe(value.get('list'));
  });

  it.each(['0', '1'])('refuses protocol %s', (protocol) => {
    expect(() => readPickle(fromHex(golden.pickles.bytes[protocol]!), none)).toThrow(
      /of protocol 2 or later/,
    );
  });

  it.each(Object.keys(golden.evil))(
    'refuses a function by its name, and calls nothing: protocol %s',
    (protocol) => {
      const read = () => readPickle(fromHex(golden.evil[protocol]!), none);
      expect(read).toThrow(PickleRefusedError);
      expect(read).toThrow(
        /^pickle: got a request for posix\.system, which is refused.*Nothing was executed/,
      );
    },
  );

  it('does not find inherited properties of JavaScript objects', () => {
    expect(() => readPickle(pickle(0x63, ...text('constructor\nprototype\n')), none)).toThrow(
      PickleRefusedError,
    );
    const dict = readPickle(pickle(0x7d, 0x58, 9, 0, 0, 0, ...text('__proto__'), 0x4b, 1, 0x73), none);
    expect(dict).toEqual(new Map([['__proto__', 1]]));
  });

  describe('takes classes from the caller', () => {
    const made: unknown[] = [];
    const globals = new Map<string, PickleGlobal>([
      ['a.named', {}],
      [
        'a.made',
        {
          call: (args) => ({ args, state: undefined as unknown }),
          setState: (object, state) => Object.assign(object as object, { state }),
        },
      ],
      ['a.stateless', { call: () => made }],
    ]);
    const of = (name: string, ...then: number[]) => pickle(0x63, ...text(`a\n${name}\n`), ...then);

    it('and calls them and sets their state as the caller says', () => {
      // made(7), then the state [].
      expect(readPickle(of('made', 0x4b, 7, 0x85, 0x52, 0x5d, 0x62), { globals })).toEqual({
        args: [7],
        state: [],
      });
      // By NEWOBJ.
      expect(readPickle(of('made', 0x29, 0x81), { globals })).toEqual({ args: [], state: undefined });
    });

    it.each([
      [
        'a call of a class that may only be named',
        of('named', 0x29, 0x52),
        /a call of a.named.*only be named/,
      ],
      [
        'a state for a class without states',
        of('stateless', 0x29, 0x52, 0x5d, 0x62),
        /a state for a.stateless/,
      ],
      ['a state for a plain value', pickle(0x7d, 0x7d, 0x62), /a state for a plain value/],
      ['a persistent object', pickle(0x4e, 0x51), /an object outside of the pickle/],
      ['an extension', pickle(0x82, 1), /instruction 0x82/],
      ['an outside buffer', pickle(0x97), /instruction 0x97/],
    ])('and refuses %s', (_, bytes, message) => {
      expect(() => readPickle(bytes, { globals })).toThrow(PickleRefusedError);
      expect(() => readPickle(bytes, { globals })).toThrow(message);
    });

    it('and persistent objects', () => {
      expect(readPickle(pickle(0x4b, 3, 0x51), { ...none, persistent: (id) => `object ${id}` })).toBe(
        'object 3',
      );
    });
  });

  it.each<[string, number[], unknown]>([
    ['LONG1 of 0 bytes', [0x8a, 0], 0],
    ['LONG1, negative', [0x8a, 1, 0xff], -1],
    ['LONG1 beyond 2^53', [0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x40], 2n ** 62n],
    ['LONG4', [0x8b, 2, 0, 0, 0, 0, 1], 256],
    ['BINFLOAT', [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    ['SHORT_BINSTRING of any bytes', [0x55, 2, 0x93, 0x41], '\x93A'],
    ['BYTEARRAY8', [0x96, 1, 0, 0, 0, 0, 0, 0, 0, 9], Uint8Array.of(9)],
    ['DUP and POP', [0x4b, 1, 0x32, 0x30], 1],
    ['POP_MARK', [0x4b, 1, 0x28, 0x4b, 2, 0x31], 1],
    ['LIST and DICT', [0x28, 0x28, 0x4b, 1, 0x4b, 2, 0x64, 0x6c], [new Map([[1, 2]])]],
    ['FROZENSET', [0x28, 0x4b, 1, 0x91], new Set([1])],
    ['LONG_BINPUT and LONG_BINGET', [0x4b, 5, 0x72, 0, 0, 1, 0, 0x30, 0x6a, 0, 0, 1, 0], 5],
  ])('knows %s', (_, instructions, value) => {
    expect(readPickle(pickle(...instructions), none)).toEqual(value);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /^pickle, byte 0: got 0 bytes to the end; expected 1\./],
    ['a later protocol', Uint8Array.of(0x80, 6, 0x2e), /protocol 6; expected 2 to 5/],
    ['no end', Uint8Array.of(0x80, 2, 0x4e), /cut off/],
    ['an empty stack', pickle(), /an empty stack/],
    ['a missing mark', pickle(0x74), /without a mark/],
    ['a pop through a mark', pickle(0x4e, 0x28, 0x30), /an empty stack/],
    ['a memo that is not there', pickle(0x68, 1), /memo index 1;/],
    ['items for a tuple', pickle(0x29, 0x4e, 0x61), /not a list/],
    ['items for a number', pickle(0x4b, 1, 0x4e, 0x4e, 0x73), /not a dict/],
    ['items for no set', pickle(0x5d, 0x28, 0x90), /not a set/],
    ['a key without a value', pickle(0x7d, 0x28, 0x4e, 0x75), /a key without a value/],
    ['a text that is not UTF-8', pickle(0x58, 1, 0, 0, 0, 0xff), /not UTF-8/],
    ['a call of a number', pickle(0x4b, 1, 0x29, 0x52), /not a function/],
    ['a name of numbers', pickle(0x4b, 1, 0x4b, 1, 0x93), /name that is not a text/],
    ['a length past the end', pickle(0x58, 0xff, 0xff, 0xff, 0xff), /expected 4294967295\./],
    ['a 64 bit length', pickle(0x8e, ...Array<number>(8).fill(0xff)), /bytes to the end; expected \d{20}\./],
    [
      'an integer of more than a kilobyte',
      pickle(0x8b, 1, 4, 0, 0, ...Array<number>(1025).fill(1)),
      /integer of 1025 bytes/,
    ],
    ['a line without an end', pickle(0x63, 0x61), /line without an end/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readPickle(bytes, none)).toThrow(PickleError);
    expect(() => readPickle(bytes, none)).toThrow(message);
  });

  describe('refuses small pickles with large values', () => {
    const globals = plainGlobals();
    const bomb = (...parts: (number[] | Uint8Array)[]) => {
      const all = [
        Uint8Array.of(0x80, 4),
        ...parts.map((part) => Uint8Array.from(part)),
        Uint8Array.of(0x2e),
      ];
      return Uint8Array.from(all.flatMap((part) => [...part]));
    };
    const times = (count: number, ...instructions: number[]) =>
      Uint8Array.from(
        { length: count * instructions.length },
        (_, i) => instructions[i % instructions.length]!,
      );
    const word = (length: number) => [length & 255, (length >> 8) & 255, (length >> 16) & 255, 0];

    it.each<[string, Uint8Array]>([
      ['dicts', bomb(times(1.2e6, 0x7d))],
      ['empty bytes', bomb(times(2e6, 0x43, 0))],
      [
        'a text that is encoded many times',
        bomb(
          [0x63, ...text('_codecs\nencode\n'), 0x71, 0],
          [0x58, ...word(2 ** 20), ...times(2 ** 20, 65)],
          [0x58, ...word(6), ...text('latin1'), 0x86, 0x71, 1],
          times(400, 0x68, 0, 0x68, 1, 0x52),
        ),
      ],
    ])('%s', (_, bytes) => {
      const before = process.memoryUsage().rss;
      expect(() => readPickle(bytes, { globals })).toThrow(/take more than \d+ bytes/);
      expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
    });
  });

  it('reads long texts of Python 2', () => {
    const long = Uint8Array.from({ length: 20_000 }, (_, i) => i);
    const bytes = Uint8Array.of(0x80, 2, 0x54, 0x20, 0x4e, 0, 0, ...long, 0x2e);
    const value = readPickle(bytes, none) as string;
    expect(Array.from(value, (character) => character.charCodeAt(0))).toEqual([...long]);
  });

  it('returns a value or throws its error for any instructions, quickly', () => {
    // Weighted towards instructions, so that some get far.
    const codes = [
      0x28, 0x30, 0x31, 0x32, 0x4e, 0x88, 0x4b, 0x29, 0x85, 0x86, 0x74, 0x5d, 0x61, 0x65, 0x7d, 0x73, 0x75,
    ];
    const more = [0x8f, 0x90, 0x91, 0x71, 0x94, 0x68, 0x52, 0x81, 0x62, 0x51, 0x93, 0x63, 0x8c, 0x8a];
    const byte = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...codes, ...more) }, fc.nat(255));
    const call: PickleGlobal = { call: (args) => [...args], setState() {} };
    const globals = { get: () => call, has: () => true } as unknown as ReadonlyMap<string, PickleGlobal>;
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 200 }), (instructions) => {
        try {
          readPickle(pickle(...instructions), { globals, persistent: (id) => id });
        } catch (error) {
          expect(error).toBeInstanceOf(PickleError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
