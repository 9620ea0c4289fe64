import { testData } from '@amr/testing/formats/golden';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readZip, ZipError } from './zip.js';

const text = (content: string) => new TextEncoder().encode(content);
const archive = zipSync({ 'a.txt': [text('stored'), { level: 0 }], 'd/b.txt': text('deflated '.repeat(50)) });
const contents = (bytes: Uint8Array) =>
  [...readZip(bytes)].map(([name, entry]) => [name, new TextDecoder().decode(entry.read())]);

/** The position of the n-th occurrence of a signature of four bytes. */
function find(bytes: Uint8Array, signature: number, nth = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, seen = 0; at + 4 <= bytes.length; at++) {
    if (view.getUint32(at, true) === signature && seen++ === nth) return at;
  }
  throw new Error('not there');
}

function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = archive.slice();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}
const directory = find(archive, 0x02014b50);
const second = find(archive, 0x02014b50, 1);

describe('readZip', () => {
  it('reads stored and deflated entries in their order', () => {
    expect(contents(archive)).toEqual([
      ['a.txt', 'stored'],
      ['d/b.txt', 'deflated '.repeat(50)],
    ]);
  });

  it('returns a view of stored entries', () => {
    expect(readZip(archive).get('a.txt')!.read().buffer).toBe(archive.buffer);
  });

  it('reads bytes that begin inside a buffer', () => {
    const inside = new Uint8Array(archive.length + 3);
    inside.set(archive, 3);
    expect(contents(inside.subarray(3))).toHaveLength(2);
  });

  it('reads zip64', () => {
    expect(contents(testData('zip64.zip'))).toEqual([
      ['first.txt', 'x'.repeat(500)],
      ['second.txt', 'second'],
    ]);
  });

  it('reads an empty archive', () => {
    expect(readZip(zipSync({})).size).toBe(0);
  });

  it.each([
    ['other bytes', text('hello'), /^zip: got 5 bytes without a directory/],
    ['an archive cut off', archive.subarray(0, -1), /without a directory/],
    [
      'an encrypted entry',
      changed((view) => view.setUint16(directory + 8, 1, true)),
      /zip\['a\.txt'\]: got an encrypted entry/,
    ],
    ['another method', changed((view) => view.setUint16(directory + 10, 12, true)), /compression method 12/],
    [
      'a directory with fewer entries',
      changed((view) => view.setUint16(archive.length - 12, 3, true)),
      /got no file as number 3/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readZip(bytes)).toThrow(ZipError);
    expect(() => readZip(bytes)).toThrow(message);
  });

  it('refuses two entries with the same name', () => {
    const bytes = zipSync({ aa: text('1'), ab: text('2') }, { level: 0 });
    bytes[find(bytes, 0x02014b50, 1) + 46 + 1] = 'a'.charCodeAt(0);
    expect(() => readZip(bytes)).toThrow(/got 'aa' twice/);
  });

  it('refuses more than maxBytes, before it unpacks', () => {
    expect(() => readZip(archive, { maxBytes: 455 })).toThrow(/got 456 bytes or more.*maxBytes, 455/);
    expect(readZip(archive, { maxBytes: 456 }).size).toBe(2);
  });

  it('refuses sizes that no deflate stream can unpack to', () => {
    const bomb = changed((view) => view.setUint32(second + 24, 2 ** 30, true));
    expect(() => readZip(bomb)).toThrow(
      /zip\['d\/b\.txt'\]: got a size of 1073741824 bytes unpacked; expected at most \d+, from \d+ packed/,
    );
  });

  it('detects a damaged byte by the checksum, unless checksums are off', () => {
    const bytes = changed((_, all) => {
      all[30 + 'a.txt'.length]! ^= 1;
    });
    expect(() => readZip(bytes).get('a.txt')!.read()).toThrow(
      /zip\['a\.txt'\]: got data with another CRC-32/,
    );
    expect(readZip(bytes, { checksums: false }).get('a.txt')!.read()).toHaveLength(6);
  });

  it('detects a damaged deflate stream', () => {
    const local = find(archive, 0x04034b50, 1);
    const bytes = changed((_, all) => all.fill(0xff, local + 30 + 'd/b.txt'.length, local + 42));
    expect(() => readZip(bytes).get('d/b.txt')!.read()).toThrow(ZipError);
  });

  it('refuses an entry that is not at the position in the directory', () => {
    const bytes = changed((view) => view.setUint32(directory + 42, 1, true));
    expect(() => readZip(bytes).get('a.txt')!.read()).toThrow(/got other bytes where the directory says/);
  });
});
