import { random } from '@amr/internal';
import type { Manifest } from '../prepared/manifest.js';
import { writeManifest } from '../prepared/writeManifest.js';
import { writeShard } from '../prepared/writeShard.js';
import type { StoredModality } from '../source/sourceFormat.js';

/** The classes of {@link writePrepared}. */
export const preparedClasses = ['swipe left', 'swipe right', 'clap'];

/** Writes a folder of prepared shards of random clips, `perShard` in a shard; sample i is called `c<i>` and has label i % 3. */
export async function writePrepared(
  folder: string,
  count: number,
  { side = 8, rgbFrames = 6, skeletonFrames = 12, perShard = 5 } = {},
): Promise<void> {
  const modalities: { [name: string]: StoredModality } = {
    rgb: { dtype: 'uint8', shape: [rgbFrames, side, side, 3], kind: 'video', unit: 'intensity' },
    skeleton: { dtype: 'float32', shape: [2, skeletonFrames, 25, 3], kind: 'skeleton', unit: 'metres' },
  };
  const r = random('prepared');
  const samples = Array.from({ length: count }, (_, i) => ({
    id: `c${i}`,
    label: i % 3,
    tags: { subject: 1 + (i % 4) },
    arrays: {
      rgb: Uint8Array.from({ length: rgbFrames * side * side * 3 }, () => r.integer(256)),
      skeleton: Float32Array.from({ length: skeletonFrames * 150 }, (_, j) =>
        j < skeletonFrames * 75 ? r.uniform(0.5, 2) : 0,
      ),
    },
  }));
  const shards: Manifest['shards'] = [];
  for (let from = 0; from < count; from += perShard) {
    const file = `shards/${String(shards.length).padStart(5, '0')}.safetensors`;
    shards.push(await writeShard(folder, file, modalities, samples.slice(from, from + perShard)));
  }
  await writeManifest(folder, {
    format: 'amr-prepared',
    version: 1,
    dataset: 'test',
    classes: preparedClasses,
    modalities,
    splits: { xsub: { by: 'subject', train: [1, 3] } },
    options: {},
    counts: { samples: count, leftOut: 0, damaged: 0, shards: shards.length },
    leftOut: [],
    shards,
  });
}
