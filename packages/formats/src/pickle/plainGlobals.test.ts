import { describe, expect, it } from 'vitest';
import { PickleError } from './pickleErrors.js';
import { plainGlobals } from './plainGlobals.js';

const call = (name: string, ...args: unknown[]) => plainGlobals().get(name)!.call!(args);

describe('plainGlobals', () => {
  it.each<[string, unknown[], unknown]>([
    ['_codecs.encode', ['\x00\xff', 'latin1'], Uint8Array.of(0, 255)],
    ['__builtin__.bytes', [], new Uint8Array()],
    ['builtins.bytearray', [Uint8Array.of(1)], Uint8Array.of(1)],
    ['__builtin__.bytearray', ['\x01', 'latin-1'], Uint8Array.of(1)],
    ['__builtin__.set', [[1, 2]], new Set([1, 2])],
    ['builtins.frozenset', [], new Set()],
    ['collections.OrderedDict', [], new Map()],
    ['collections.OrderedDict', [[['a', 1]]], new Map([['a', 1]])],
  ])('%s(%j)', (name, args, value) => {
    expect(call(name, ...args)).toEqual(value);
  });

  it.each<[string, unknown[]]>([
    ['_codecs.encode', ['a', 'rot13']],
    ['_codecs.encode', [1, 'latin1']],
    ['builtins.set', [3]],
    ['builtins.bytes', [[1, 2]]],
    ['collections.OrderedDict', [[3]]],
  ])('refuses %s(%j)', (name, args) => {
    expect(() => call(name, ...args)).toThrow(PickleError);
  });
});
