import { join } from 'node:path';
import { random } from '@amr/internal';
import type { Manifest, ManifestShard } from './manifest.js';
import type { StoredModalities } from './shardFile.js';
import { writeManifest } from './writeManifest.js';
import { type ShardSample, writeShard } from './writeShard.js';

/** A skeleton, and a video of an odd number of bytes, so that some arrays don't begin at multiples of four. */
export const modalities: StoredModalities = {
  video: { dtype: 'uint8', shape: [3, 3, 3, 1], kind: 'video', unit: 'intensity' },
  skeleton: { dtype: 'float32', shape: [1, 2, 2, 3], kind: 'skeleton', unit: 'metres' },
};

/** Samples `s0`, `s1`, ... of random numbers. */
export function someSamples(count: number): ShardSample[] {
  const r = random('prepared');
  return Array.from({ length: count }, (_, i) => ({
    id: `s${i}`,
    label: i % 2,
    tags: { subject: i },
    facts: { frames: 10 + i },
    arrays: {
      video: Uint8Array.from({ length: 27 }, () => r.integer(256)),
      skeleton: Float32Array.from({ length: 12 }, () => r.normal()),
    },
  }));
}

/** Writes a folder of prepared shards with `perShard` samples each. */
export async function writePrepared(
  folder: string,
  samples: readonly ShardSample[],
  perShard: number,
): Promise<Manifest> {
  const shards: ManifestShard[] = [];
  for (let from = 0; from < samples.length; from += perShard) {
    const file = `shards/${String(shards.length).padStart(5, '0')}.safetensors`;
    shards.push(await writeShard(folder, file, modalities, samples.slice(from, from + perShard)));
  }
  const manifest: Manifest = {
    format: 'amr-prepared',
    version: 1,
    dataset: 'some',
    classes: ['even', 'odd'],
    modalities: modalities as Manifest['modalities'],
    splits: { xsub: { by: 'subject', train: [0, 2] } },
    options: {},
    counts: { samples: samples.length, leftOut: 0, damaged: 0, shards: shards.length },
    leftOut: [],
    shards,
  };
  await writeManifest(folder, manifest);
  return manifest;
}

/** Path of a shard's file. */
export const shardPath = (folder: string, number: number): string =>
  join(folder, 'shards', `${String(number).padStart(5, '0')}.safetensors`);
