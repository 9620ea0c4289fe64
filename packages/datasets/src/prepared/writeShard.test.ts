import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, readSafetensors, safetensorsValues } from '@amr/formats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modalities, shardPath, someSamples, writePrepared } from './preparedShards.fixture.js';
import { layOutShard } from './shardFile.js';
import { writeManifest } from './writeManifest.js';
import { writeShard } from './writeShard.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shards-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeShard', () => {
  it('writes a safetensors file of the checksums and each modality', async () => {
    const samples = someSamples(3);
    const { shards } = await writePrepared(folder, samples, 3);
    const bytes = await readFile(shardPath(folder, 0));
    const { tensors } = readSafetensors(bytes);
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['crc32', 'U32', [3, 2]],
      ['video', 'U8', [3, 3, 3, 3, 1]],
      ['skeleton', 'F32', [3, 1, 2, 2, 3]],
    ]);
    expect([...tensors.get('video')!.bytes]).toEqual(samples.flatMap(({ arrays }) => [...arrays.video!]));
    const { values } = safetensorsValues(tensors.get('skeleton')!);
    expect([...(values as Float32Array)]).toEqual(samples.flatMap(({ arrays }) => [...arrays.skeleton!]));
    const crcs = safetensorsValues(tensors.get('crc32')!).values;
    expect(crcs[4]).toBe(crc32(samples[2]!.arrays.video as Uint8Array));
    const { head, bytes: size, samples: told } = shards[0]!;
    expect(size).toBe(bytes.length);
    expect(head!.crc32).toBe(crc32(bytes.subarray(0, head!.bytes)));
    expect(bytes.subarray(head!.bytes, head!.bytes + 27)).toEqual(Buffer.from(samples[0]!.arrays.video!));
    expect(told[1]).toEqual({ id: 's1', label: 1, tags: { subject: 1 }, facts: { frames: 11 } });
    expect(layOutShard(modalities, 3)).toMatchObject({ headBytes: head!.bytes, bytes: size });
  });

  it('writes arrays that are larger than a piece unchanged', async () => {
    const large = { video: { dtype: 'uint8', shape: [3, 700_000], kind: 'series', unit: 'one' } } as const;
    const values = Uint8Array.from({ length: 2_100_000 }, (_, i) => (i * i) >> 5);
    const sample = { id: 'a', label: 0, tags: {}, arrays: { video: values } };
    const other = { ...sample, id: 'b', arrays: { video: values.slice().reverse() } };
    await writeShard(folder, 'a', { video: { ...large.video, shape: [3, 700_000] } }, [sample, other]);
    const { bytes } = readSafetensors(await readFile(join(folder, 'a'))).tensors.get('video')!;
    expect(Buffer.compare(bytes.subarray(0, values.length), values)).toBe(0);
    expect(Buffer.compare(bytes.subarray(values.length), other.arrays.video)).toBe(0);
  });

  it('writes no file without samples, nor when its signal has aborted', async () => {
    expect(await writeShard(folder, 'a', modalities, [])).toMatchObject({ file: null, samples: [] });
    const signal = AbortSignal.abort();
    await expect(writeShard(folder, 'a', modalities, someSamples(1), { signal })).rejects.toThrow(/abort/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses arrays that differ from the modalities', async () => {
    const [sample] = someSamples(1) as [ReturnType<typeof someSamples>[0]];
    const write = (arrays: typeof sample.arrays) =>
      writeShard(folder, 'a', modalities, [{ ...sample, arrays }]);
    const { video, skeleton } = sample.arrays as { video: Uint8Array; skeleton: Float32Array };
    await expect(write({ video })).rejects.toThrow(
      "sample 's0', skeleton: got nothing; expected a Float32Array of shape [1,2,2,3].",
    );
    await expect(write({ video: video.subarray(1), skeleton })).rejects.toThrow(
      /got a Uint8Array of length 26; expected a Uint8Array of shape \[3,3,3,1\]/,
    );
    const holed = skeleton.slice();
    holed[3] = Number.NaN;
    await expect(write({ video, skeleton: holed })).rejects.toThrow(
      "sample 's0', skeleton: got NaN at position 3; expected finite numbers.",
    );
    const taken = { crc32: modalities.video! };
    await expect(
      writeShard(folder, 'a', taken, [{ ...sample, arrays: { crc32: video } }]),
    ).rejects.toMatchObject({
      name: 'DatasetError',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

it('writeManifest refuses a manifest that contradicts itself, and keeps the old one', async () => {
  const manifest = await writePrepared(folder, someSamples(2), 1);
  const before = await readFile(join(folder, 'manifest.json'), 'utf8');
  expect(JSON.parse(before)).toEqual(manifest);
  const counts = { ...manifest.counts, samples: 3 };
  await expect(writeManifest(folder, { ...manifest, counts })).rejects.toThrow(
    /expected 3 in 2, as in "counts"/,
  );
  expect(await readFile(join(folder, 'manifest.json'), 'utf8')).toBe(before);
  expect(await readdir(folder)).toEqual(['manifest.json', 'shards']);
});
