import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchOptions, Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AugmentationOptions } from '../augment/augmentationOptions.js';
import { withAugmentation } from '../augment/withAugmentation.js';
import { DatasetError } from '../datasetError.js';
import { folderSource } from '../prepared/folderSource.js';
import { openShards } from '../prepared/preparedShards.js';
import { preparedClasses, writePrepared } from './preparedClips.fixture.js';
import { type PreparedFolderOptions, preparedFolder } from './preparedFolder.js';

const everything: AugmentationOptions = {
  rotation: 20,
  scale: 0.1,
  jitter: 0.01,
  shift: 1,
  brightness: 0.2,
  cropTime: 0.2,
  mirror: 0.5,
  roll: 10,
  zoom: 0.1,
  mirrorClasses: [['swipe left', 'swipe right']],
};
const drawn: PreparedFolderOptions = {
  frames: { rgb: 4, skeleton: 8 },
  sampling: 'segments',
  crop: { size: 6 },
  augmentation: everything,
};

let folder: string;
const count = 13;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prepared-'));
  await writePrepared(folder, count);
});
afterAll(() => rm(folder, { recursive: true }));

/** Everything that an epoch gives, as plain data. */
async function epoch(dataset: Dataset, options: BatchOptions) {
  const batches: { ids: string[]; labels: number[]; [modality: string]: unknown }[] = [];
  for await (const { ids, inputs, labels } of dataset.batches(options)) {
    const batch: (typeof batches)[number] = { ids, labels: Array.from(labels.dataSync()) };
    for (const [name, input] of Object.entries(inputs)) {
      batch[name] = { shape: input.shape, values: Array.from(input.dataSync()) };
    }
    tf.dispose([labels, ...Object.values(inputs)]);
    batches.push(batch);
  }
  return batches;
}
const valuesOf = (batch: { [modality: string]: unknown }, modality: string) =>
  (batch[modality] as { values: number[] }).values;
async function opened<T>(
  options: PreparedFolderOptions,
  use: (dataset: Awaited<ReturnType<typeof preparedFolder>>) => Promise<T>,
) {
  const dataset = await preparedFolder(folder, options);
  try {
    return await use(dataset);
  } finally {
    await dataset.close();
  }
}

describe('preparedFolder', () => {
  it('gives the same batches, bit for bit, from any number of threads', async () => {
    const order = { batchSize: 4, seed: 3, epoch: 2 };
    const [here, one, three] = await Promise.all(
      [0, 1, 3].map((workers) => opened({ ...drawn, workers }, (dataset) => epoch(dataset, order))),
    );
    expect(here).toHaveLength(4);
    expect(here![0]!['rgb']).toMatchObject({ shape: [4, 4, 6, 6, 3] });
    expect(here![0]!['skeleton']).toMatchObject({ shape: [4, 2, 8, 25, 3] });
    expect(one).toEqual(here);
    expect(three).toEqual(here);
    expect(new Set(here!.flatMap(({ ids }) => ids)).size).toBe(count);
  });

  it('gives what is stored, scaled, in order when nothing is asked for', async () => {
    await opened({ workers: 0 }, async (dataset) => {
      expect(dataset).toMatchObject({ size: count, classes: preparedClasses });
      expect(dataset.modalities['rgb']).toEqual({
        shape: [6, 8, 8, 3],
        kind: 'video',
        unit: 'intensity',
        range: [0, 1],
      });
      expect(dataset.tags[5]).toEqual({ subject: 2 });
      const shards = await openShards(folderSource(folder));
      const batches = await epoch(dataset, { batchSize: 5 });
      expect(batches.flatMap(({ ids }) => ids)).toEqual(shards.samples.map(({ id }) => id));
      expect(batches.flatMap(({ labels }) => labels)).toEqual(dataset.labels);
      const { arrays } = await shards.sample(7);
      const values = await dataset.values(7, 'skeleton');
      expect(values).toEqual(arrays['skeleton']);
      expect(valuesOf(batches[1]!, 'skeleton').slice(2 * 1800, 3 * 1800)).toEqual(Array.from(values));
      expect(await dataset.values(7, 'rgb')).toEqual(Float32Array.from(arrays['rgb']!, (byte) => byte / 255));
      await shards.close();
    });
  });

  it('augments as withAugmentation does', async () => {
    const { roll: _, zoom: __, ...older } = everything;
    const options = { seed: 3, epoch: 1, batchSize: 5 };
    await opened({ workers: 0, augmentation: older }, (streamed) =>
      opened({ workers: 0 }, async (plain) => {
        const [a, b] = await Promise.all([
          epoch(streamed, options),
          epoch(withAugmentation(plain, older), options),
        ]);
        expect(a.map(({ ids, labels }) => [ids, labels])).toEqual(b.map(({ ids, labels }) => [ids, labels]));
        a.forEach((batch, i) => {
          for (const name of ['rgb', 'skeleton']) {
            const other = valuesOf(b[i]!, name);
            expect(valuesOf(batch, name).every((value, k) => Math.abs(value - other[k]!) < 1e-6)).toBe(true);
          }
        });
      }),
    );
  });

  it('gives each sample once an epoch, goes on where it stopped, and differs from epoch to epoch', async () => {
    await opened({ ...drawn, workers: 0, modalities: ['skeleton'] }, async (dataset) => {
      const options = { seed: 5, batchSize: 4 };
      const all = await epoch(dataset, options);
      expect(Object.keys(dataset.modalities)).toEqual(['skeleton']);
      expect(all.flatMap(({ ids }) => ids).sort()).toEqual([...dataset.ids].sort());
      expect(await epoch(dataset, { ...options, start: 2 })).toEqual(all.slice(2));
      expect(await epoch(dataset, { ...options, dropLast: true })).toEqual(all.slice(0, 3));
      expect(await epoch(dataset, { ...options, epoch: 1 })).not.toEqual(all);
      const [first] = all[0]!.ids;
      const one = await epoch(dataset.subset([dataset.ids.indexOf(first!)]), { batchSize: 1 });
      expect(valuesOf(one[0]!, 'skeleton')).toEqual(
        valuesOf(all[0]!, 'skeleton').slice(0, valuesOf(one[0]!, 'skeleton').length),
      );
    });
  });

  it('crops at the centre without augmentation', async () => {
    await opened({ workers: 0, crop: { size: 6 } }, (cropped) =>
      opened({ workers: 0 }, async (whole) => {
        const [small, large] = await Promise.all([cropped, whole].map((dataset) => dataset.values(2, 'rgb')));
        expect(small![0]).toBe(large![(1 * 8 + 1) * 3]);
        expect(small!.at(-1)).toBe(large![((5 * 8 + 6) * 8 + 6) * 3 + 2]);
      }),
    );
  });

  it('takes a part of a split', async () => {
    await opened({ workers: 0, split: 'xsub', part: 'train', samples: 3 }, async (dataset) => {
      expect(dataset.size).toBe(3);
      expect(dataset.tags.every(({ subject }) => subject === 1 || subject === 3)).toBe(true);
    });
  });

  it('reads no further ahead than it should, and stops when it is left', async () => {
    const before = tf.memory().numTensors;
    for (const workers of [0, 1]) {
      await opened({ workers, prefetch: 1 }, async (dataset) => {
        for await (const { inputs, labels } of dataset.batches({ batchSize: 1 })) {
          tf.dispose([labels, ...Object.values(inputs)]);
          break;
        }
        // What was asked for afterwards comes, and isn't what was left.
        const [first] = await epoch(dataset, { batchSize: 2 });
        expect(first!.ids).toEqual(['c0', 'c1']);
      });
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([0, 1])('says which shard is damaged and where, with %i workers', async (workers) => {
    const damaged = await mkdtemp(join(tmpdir(), 'damaged-'));
    try {
      await writePrepared(damaged, 6);
      const file = join(damaged, 'shards', '00001.safetensors');
      const bytes = await readFile(file);
      bytes[bytes.length - 10]! ^= 1;
      await writeFile(file, bytes);
      const dataset = await preparedFolder(damaged, { workers });
      const error = await epoch(dataset, { batchSize: 5 }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DatasetError);
      expect(error).toMatchObject({ file, offset: bytes.length - 2 * 12 * 75 * 4 });
      expect((await epoch(dataset.subset([0, 1]), { batchSize: 2 }))[0]!.ids).toEqual(['c0', 'c1']);
      await dataset.close();
    } finally {
      await rm(damaged, { recursive: true });
    }
  });

  it('refuses batches after it was closed', async () => {
    for (const workers of [0, 1]) {
      const dataset = await preparedFolder(folder, { workers });
      const part = dataset.subset([1, 2, 3]);
      const batches = dataset.batches({ batchSize: 2 })[Symbol.asyncIterator]();
      const { value } = await batches.next();
      tf.dispose([value.labels, ...Object.values(value.inputs as tf.NamedTensorMap)]);
      await dataset.close();
      await dataset.close();
      await expect(batches.next()).rejects.toThrow(/was closed/);
      await expect(epoch(part, { batchSize: 1 })).rejects.toThrow(/was closed/);
      await expect(part.values(0, 'rgb')).rejects.toThrow(/was closed/);
    }
  });

  it('keeps no memory from epoch to epoch', async () => {
    await opened({ ...drawn, workers: 1 }, async (dataset) => {
      const used = async (epochs: number) => {
        for (let number = 0; number < epochs; number++) {
          for await (const { inputs, labels } of dataset.batches({ batchSize: 4, epoch: number })) {
            tf.dispose([labels, ...Object.values(inputs)]);
          }
        }
        return process.memoryUsage().rss;
      };
      const before = await used(10);
      // 30 epochs give 80 MB; batches of them that were kept would show.
      expect((await used(30)) - before).toBeLessThan(50e6);
    });
  });

  it.each<[PreparedFolderOptions, RegExp]>([
    [{ modalities: ['depth'] }, /no modality 'depth'; there are rgb, skeleton/],
    [{ modalities: [] }, /at least one/],
    [{ frames: 7 }, /7 of 'rgb' were asked for, 6 are stored/],
    [{ frames: { depth: 3 } }, /no modality 'depth'/],
    [{ sampling: 'random' as 'dense' }, /'random' was given, one of uniform, segments, dense/],
    [{ crop: { size: 9 } }, /size 9 .* 'rgb' have 8 x 8/],
    [{ workers: -1 }, /workers: got -1; expected a whole number from 0/],
    [{ prefetch: 0.5 }, /prefetch: got 0\.5; expected a whole number from 0/],
    [{ part: 'train', split: 'xview' }, /no 'xview'/],
    [{ augmentation: { mirror: 2 } }, /mirror: 2/],
  ])('refuses %j', async (options, reason) => {
    await expect(preparedFolder(folder, options)).rejects.toThrow(reason);
  });

  it('says when there is nothing prepared', async () => {
    await expect(preparedFolder(join(folder, 'nowhere'))).rejects.toThrow(/nowhere.*prepare the data/);
  });
});
