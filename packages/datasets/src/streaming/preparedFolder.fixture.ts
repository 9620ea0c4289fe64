import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchOptions, Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AugmentationOptions } from '../augment/augmentationOptions.js';
import { DatasetError } from '../datasetError.js';
import { writePrepared } from './preparedClips.fixture.js';
import { type PreparedFolderOptions, preparedFolder } from './preparedFolder.js';

/** Samples in the folder of {@link useFolder}. */
export const sampleCount = 13;

/** Makes a folder of prepared shards for the tests of a file; the result gives its path. */
export function useFolder(): () => string {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prepared-'));
    await writePrepared(folder, sampleCount);
  });
  afterAll(() => rm(folder, { recursive: true }));
  return () => folder;
}

export const everything: AugmentationOptions = {
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
/** Options with random frames, crops and augmentation. */
export const drawn: PreparedFolderOptions = {
  frames: { rgb: 4, skeleton: 8 },
  sampling: 'segments',
  crop: { size: 6 },
  augmentation: everything,
};

/** All batches of an epoch, as plain data. */
export async function epoch(dataset: Dataset, options: BatchOptions) {
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
/** One modality's values of such a batch. */
export const valuesOf = (batch: { [modality: string]: unknown }, modality: string) =>
  (batch[modality] as { values: number[] }).values;
/** Opens the folder, and closes it after `use`. */
export async function opened<T>(
  folder: string,
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

/** Tests that hold for any number of worker threads. */
export function workerTests(workers: number, folder: () => string): void {
  it('stops reading ahead when the loop ends early', async () => {
    const before = tf.memory().numTensors;
    await opened(folder(), { workers, prefetch: 1 }, async (dataset) => {
      for await (const { inputs, labels } of dataset.batches({ batchSize: 1 })) {
        tf.dispose([labels, ...Object.values(inputs)]);
        break;
      }
      // Later batches come, and not those that were read ahead.
      const [first] = await epoch(dataset, { batchSize: 2 });
      expect(first!.ids).toEqual(['c0', 'c1']);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names a damaged shard and the offset', async () => {
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

  it('refuses batches after close', async () => {
    const dataset = await preparedFolder(folder(), { workers });
    const part = dataset.subset([1, 2, 3]);
    const batches = dataset.batches({ batchSize: 2 })[Symbol.asyncIterator]();
    const { value } = await batches.next();
    tf.dispose([value.labels, ...Object.values(value.inputs as tf.NamedTensorMap)]);
    await dataset.close();
    await dataset.close();
    await expect(batches.next()).rejects.toThrow(/got a closed data set/);
    await expect(epoch(part, { batchSize: 1 })).rejects.toThrow(/got a closed data set/);
    await expect(part.values(0, 'rgb')).rejects.toThrow(/got a closed data set/);
  });
}
