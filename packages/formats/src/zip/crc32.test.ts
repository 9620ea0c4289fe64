import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { crc32, crc32ByTable } from './crc32.js';

describe.each([
  ['crc32', crc32],
  ['crc32ByTable', crc32ByTable],
])('%s', (_, crc) => {
  it('gives the check value of the standard', () => {
    expect(crc(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc(new Uint8Array(0))).toBe(0);
  });

  it('is the same for data in one piece and in two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, cut) => {
        expect(crc(bytes.subarray(cut), crc(bytes.subarray(0, cut)))).toBe(crc(bytes));
      }),
    );
  });
});

it('is the same with and without zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (bytes, crc) => {
      expect(crc32ByTable(bytes, crc)).toBe(crc32(bytes, crc));
    }),
  );
});

describe('without Node', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    ['nothing of it', undefined],
    ['a process that bundlers bring', { env: {} }],
    ['a zlib without crc32', { getBuiltinModule: () => ({}) }],
  ])('is computed by table: %s', async (_, process) => {
    vi.stubGlobal('process', process);
    vi.resetModules();
    const again = await import('./crc32.js');
    vi.unstubAllGlobals();
    const bytes = new TextEncoder().encode('123456789');
    expect(again.crc32(bytes)).toBe(0xcbf43926);
  });
});
