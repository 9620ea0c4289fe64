import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchOptions, Dataset } from '../dataset.js';
import { DatasetError } from '../datasetError.js';
import { type AugmentationOptions, withAugmentation } from '../index.js';
import { type PreparedFolderOptions, preparedFolder } from './preparedFolder.js';
import { writePrepared } from './testing/writePrepared.js';

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
});
