import { cp, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from '@amr/formats';
import type { Progress } from '@amr/internal';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { folderSource } from './folderSource.js';
import type { Manifest, ManifestShard } from './manifest.js';
import { modalities, shardPath, someSamples, writePrepared } from './preparedShards.fixture.js';
import { openShards } from './preparedShards.js';
import type { ShardSource } from './shardSource.js';
import { type VerifyOptions, verifyPrepared } from './verifyPrepared.js';
import { writeManifest } from './writeManifest.js';

const samples = someSamples(5);
let root: string;
let folder: string;
let manifest: Manifest;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'prepared-'));
  folder = join(root, 'whole');
  manifest = await writePrepared(folder, samples, 2);
});
afterAll(() => rm(root, { recursive: true }));

/** A copy that a test may damage. */
async function copy(): Promise<string> {
  const to = await mkdtemp(join(root, 'copy-'));
  await cp(folder, to, { recursive: true });
  return to;
}

async function readEverything(source: ShardSource, verify = true) {
  const shards = await openShards(source, { verify });
  try {
    const read = [];
    for (const index of shards.samples.keys()) read.push(await shards.sample(index));
    return read;
  } finally {
    await shards.close();
  }
}
async function verify(folder: string, options: VerifyOptions = {}) {
  const source = folderSource(folder);
  try {
    return await verifyPrepared(source, options);
  } finally {
    await source.close();
  }
}
const expected = samples.map(({ id, label, arrays }) => ({ id, label, arrays }));

describe('openShards', () => {
  it('reads any sample, in any order and at the same time', async () => {
    const shards = await openShards(folderSource(folder, { openFiles: 1 }));
    expect(shards).toMatchObject({ dataset: 'some', classes: ['even', 'odd'], modalities });
    expect(shards.samples.map(({ id, facts }) => [id, facts!.frames])).toEqual(
      samples.map(({ id, facts }) => [id, facts!.frames]),
    );
    expect(shards.splits.xsub).toEqual({ by: 'subject', train: [0, 2] });
    const order = [4, 0, 3, 1, 2, 0, 4, 2];
    const read = await Promise.all(order.map((index) => shards.sample(index)));
    expect(read).toEqual(order.map((index) => expected[index]));
    const [a, b] = [read[1]!, read[5]!];
    a.arrays.video!.fill(0);
    a.arrays.skeleton!.fill(0);
    expect(b).toEqual(expected[0]);
    await shards.close();
    await expect(shards.sample(0)).rejects.toThrow(/closed/);
  });

  it('reads the requested modalities, and names those that exist', async () => {
    const shards = await openShards(folderSource(folder));
    const { arrays } = await shards.sample(1, { modalities: ['skeleton'] });
    expect(arrays).toEqual({ skeleton: samples[1]!.arrays.skeleton });
    await expect(shards.sample(1, { modalities: ['rgb'] })).rejects.toThrow(
      "modalities: got 'rgb'; expected names among video, skeleton.",
    );
    await expect(shards.sample(5)).rejects.toThrow('index: got 5; expected a position from 0 to 4.');
    await expect(shards.sample(0, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    expect((await shards.sample(0)).id).toBe('s0');
    await shards.close();
  });

  it('fills spare arrays again, where they fit', async () => {
    const shards = await openShards(folderSource(folder));
    const first = await shards.sample(0);
    const second = await shards.sample(1, { spare: first.arrays });
    expect(second).toEqual(expected[1]);
    expect(second.arrays.video!.buffer).toBe(first.arrays.video!.buffer);
    expect(second.arrays.skeleton!.buffer).toBe(first.arrays.skeleton!.buffer);
    const spare = { video: new Uint8Array(1), skeleton: second.arrays.skeleton!.subarray(1) };
    expect(await shards.sample(2, { spare })).toEqual(expected[2]);
    expect(second).toEqual(expected[1]);
    await shards.close();
  });

  it('reads the head of each shard once', async () => {
    const source = folderSource(folder);
    const reads: [string, number][] = [];
    const counted: ShardSource = {
      ...source,
      read(path, start, ...rest) {
        reads.push([path, start]);
        return source.read(path, start, ...rest);
      },
    };
    await readEverything(counted);
    const heads = reads.filter(([, start]) => start === 0).map(([path]) => path);
    expect(heads).toEqual(manifest.shards.map(({ file }) => file));
    expect(reads.length).toBe(3 + 5 * 2);
  });

  it('names a missing file, and reads it once it is there', async () => {
    await expect(openShards(folderSource(join(root, 'none')))).rejects.toMatchObject({
      name: 'DatasetError',
      file: join(root, 'none', 'manifest.json'),
      reason: expect.stringMatching(/^got no file; .*Prepare the data, or give the folder/),
    });
    const own = await copy();
    await rm(shardPath(own, 1));
    const shards = await openShards(folderSource(own));
    await expect(shards.sample(2)).rejects.toMatchObject({ name: 'DatasetError', file: shardPath(own, 1) });
    expect((await shards.sample(4)).id).toBe('s4');
    await writeFile(shardPath(own, 1), await readFile(shardPath(folder, 1)));
    expect((await shards.sample(2)).id).toBe('s2');
    await shards.close();
  });
});

describe('a damaged shard', () => {
  it('is detected whichever byte is wrong, and the other shards are read', async () => {
    const own = await copy();
    const size = manifest.shards[0]!.bytes;
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const original = await poke(shardPath(own, 0), at, mask);
        const shards = await openShards(folderSource(own));
        try {
          const read = await Promise.allSettled(samples.map((_, index) => shards.sample(index)));
          const { bytes: headBytes } = manifest.shards[0]!.head!;
          // After the head, only the sample that the byte belongs to fails.
          const video = at - headBytes < 54;
          const row = video ? Math.floor((at - headBytes) / 27) : Math.floor((at - headBytes - 54) / 48);
          for (const [index, result] of read.entries()) {
            if (index < 2 && (at < headBytes || index === row)) {
              expect(result).toMatchObject({
                status: 'rejected',
                reason: { name: 'DatasetError', offset: expect.any(Number) },
              });
              const { message } = (result as PromiseRejectedResult).reason as Error;
              expect(message).toContain('Delete this shard and prepare it again by the same command.');
              expect(message).toContain('00000.safetensors');
            } else {
              expect(result).toEqual({ status: 'fulfilled', value: expected[index] });
            }
          }
        } finally {
          await shards.close();
          await poke(shardPath(own, 0), at, original);
        }
      }),
      { numRuns: 100 },
    );
    expect(await readEverything(folderSource(own))).toEqual(expected);
  });

  it('is detected wherever it is cut off', async () => {
    const own = await copy();
    const whole = await readFile(shardPath(own, 0));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (size) => {
        await truncate(shardPath(own, 0), size);
        await expect(readEverything(folderSource(own))).rejects.toBeInstanceOf(DatasetError);
        await writeFile(shardPath(own, 0), whole);
      }),
      { numRuns: 50 },
    );
  });

  it('is read without checks of its samples when verify is false, but its head is checked', async () => {
    const own = await copy();
    await poke(shardPath(own, 0), manifest.shards[0]!.head!.bytes, 1);
    const [first] = await readEverything(folderSource(own), false);
    expect(first!.arrays.video![0]).toBe(samples[0]!.arrays.video![0]! ^ 1);
    await poke(shardPath(own, 0), 20, 1);
    await expect(readEverything(folderSource(own), false)).rejects.toThrow(
      /head: got the CRC-32 [0-9a-f]{8}; expected [0-9a-f]{8}/,
    );
  });

  it.each([
    [
      'another length',
      /"shape":\[2,3,3,3,1\]/,
      '"shape":[3,2,3,3,1]',
      /'video': got U8 \[3,2,3,3,1\]; expected U8 \[2,3,3,3,1\]/,
    ],
    ['another type', /"U8"/, '"I8"', /'video': got I8/],
    ['another name', /"video"/, '"vidio"', /tensors: got crc32, vidio, skeleton; expected crc32, video/],
    ['an overlap', /"data_offsets":\[16,70\]/, '"data_offsets":[15,69]', /gap or overlap/],
    ['no JSON', /\{/, '[', /not JSON/],
    ['more than there is', /166\]/, '966]', /expected 96,/],
  ])('whose header has %s is refused, even with the right checksum', async (_, from, to, message) => {
    const own = await copy();
    const bytes = await readFile(shardPath(own, 0));
    const shard = structuredClone(manifest.shards[0]!) as ManifestShard;
    const header = bytes.subarray(8, 8 + bytes.readUInt32LE(0)).toString();
    const other = header.replace(from, to);
    expect(other).not.toBe(header);
    expect(other.length).toBe(header.length);
    bytes.write(other, 8);
    await writeFile(shardPath(own, 0), bytes);
    shard.head!.crc32 = crc32(bytes.subarray(0, shard.head!.bytes));
    await writeManifest(own, { ...manifest, shards: [shard, ...manifest.shards.slice(1)] });
    await expect(readEverything(folderSource(own))).rejects.toMatchObject({
      name: 'DatasetError',
      file: `${own}/shards/00000.safetensors`,
      message: expect.stringMatching(message),
    });
  });
});

describe('a wrong manifest', () => {
  it.each<[string, (manifest: Manifest) => void, RegExp]>([
    [
      'leaves the folder',
      (m) => {
        m.shards[0]!.file = '../whole/shards/00000.safetensors';
      },
      /"\.\.\/whole/,
    ],
    [
      'names a file outside of the folder',
      (m) => {
        m.shards[0]!.file = '/etc/passwd';
      },
      /"\/etc\/passwd"/,
    ],
    [
      'names a drive',
      (m) => {
        m.shards[0]!.file = 'C:/shard';
      },
      /"C:\/shard"/,
    ],
    [
      'has backslashes',
      (m) => {
        m.shards[0]!.file = '..\\shard';
      },
      /expected one of a file in the manifest's folder/,
    ],
    [
      'lists a sample twice',
      (m) => {
        m.shards[1]!.samples[0]!.id = 's0';
      },
      /samples: got 's0' twice/,
    ],
    [
      'lists samples without a file',
      (m) => {
        m.shards[0]!.file = null;
      },
      /shards\.0: got samples and no file/,
    ],
    [
      'has no checksums',
      (m) => {
        m.shards[0]!.head = null;
      },
      /got no checksums/,
    ],
    [
      'has a head beyond the file',
      (m) => {
        m.shards[0]!.head!.bytes = 1e15;
      },
      /got 1000000000000000 bytes of head/,
    ],
    [
      'has gigantic shards',
      (m) => void Object.assign(m.shards[0]!, { bytes: 1e15, head: { bytes: 1e15, crc32: 0 } }),
      /got \d+ bytes; expected at least 1000000000000000/,
    ],
    [
      'has gigantic samples',
      (m) => {
        m.modalities.video!.shape = [1e9, 1e9];
      },
      /'video': got U8/,
    ],
    [
      'has another shape',
      (m) => {
        m.modalities.video!.shape = [3, 9];
      },
      /'video': got U8 \[2,3,3,3,1\]/,
    ],
    [
      'has another type',
      (m) => {
        m.modalities.video!.dtype = 'float32';
      },
      /F32/,
    ],
    [
      'has fewer samples',
      (m) => {
        m.shards[0]!.samples.pop();
        m.counts.samples--;
      },
      /'crc32': got U32 \[2,2\]; expected U32 \[1,2\], as in the manifest/,
    ],
    [
      'lacks a modality',
      (m) => {
        delete m.modalities.video;
      },
      /tensors: got crc32, video, skeleton/,
    ],
  ])('that %s is an error', async (_, lie, message) => {
    const own = await copy();
    const lying = structuredClone(manifest);
    lie(lying);
    await writeFile(join(own, 'manifest.json'), JSON.stringify(lying));
    await expect(readEverything(folderSource(own))).rejects.toMatchObject({
      name: 'DatasetError',
      message: expect.stringMatching(message),
    });
  });

  it('is an error wherever it is cut off', async () => {
    const own = await copy();
    const text = await readFile(join(own, 'manifest.json'), 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.trimEnd().length - 1), async (length) => {
        await writeFile(join(own, 'manifest.json'), text.slice(0, length));
        await expect(openShards(folderSource(own))).rejects.toBeInstanceOf(DatasetError);
      }),
      { numRuns: 30 },
    );
  });
});

describe('verifyPrepared', () => {
  it('reports no faults for intact shards, and its progress', async () => {
    const progress: Progress[] = [];
    const bytes = manifest.shards.reduce((sum, shard) => sum + shard.bytes, 0);
    const onProgress = (step: Progress) => progress.push(step);
    const report = await verify(folder, { onProgress });
    expect(report).toEqual({ shards: 3, samples: 5, bytes, faults: [] });
    expect(progress.at(-1)).toEqual({ done: bytes, total: bytes, elapsed: expect.any(Number), remaining: 0 });
    expect(progress).toEqual([...progress].sort((a, b) => a.done - b.done));
  });

  it('reports all faults with file and offset', async () => {
    const own = await copy();
    const [first, , third] = manifest.shards as [ManifestShard, ManifestShard, ManifestShard];
    await poke(shardPath(own, 0), first.head!.bytes + 30, 4);
    await rm(shardPath(own, 1));
    const file = await open(shardPath(own, 2), 'a');
    await file.write('x');
    await file.close();
    const { faults } = await verify(own);
    expect(faults.map(({ file, offset }) => [file!.slice(-17), offset])).toEqual([
      ['00000.safetensors', undefined],
      ['00000.safetensors', first.head!.bytes + 27],
      ['00001.safetensors', undefined],
      ['00001.safetensors', undefined],
      ['00002.safetensors', third.bytes],
    ]);
    expect(faults[0]!.message).toMatch(/SHA-256/);
    expect(faults[1]!.message).toMatch(/'video' of sample 's1': got the CRC-32/);
  });

  it('stops when its signal aborts', async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await expect(verify(folder, { onProgress, signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

/** Changes one byte of a file by XOR; the result changes it back. */
async function poke(path: string, at: number, mask: number): Promise<number> {
  const file = await open(path, 'r+');
  try {
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, at);
    byte[0]! ^= mask;
    await file.write(byte, 0, 1, at);
    return mask;
  } finally {
    await file.close();
  }
}
