import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { drawn, epoch, opened, sampleCount, useFolder, workerTests } from './preparedFolder.fixture.js';

const folder = useFolder();

describe('preparedFolder in threads', () => {
  workerTests(1, folder);

  it('gives the same batches, bit for bit, from any number of threads', async () => {
    const order = { batchSize: 4, seed: 3, epoch: 2 };
    const [here, one, three] = await Promise.all(
      [0, 1, 3].map((workers) => opened(folder(), { ...drawn, workers }, (dataset) => epoch(dataset, order))),
    );
    expect(here).toHaveLength(4);
    expect(here![0]!['rgb']).toMatchObject({ shape: [4, 4, 6, 6, 3] });
    expect(here![0]!['skeleton']).toMatchObject({ shape: [4, 2, 8, 25, 3] });
    expect(one).toEqual(here);
    expect(three).toEqual(here);
    expect(new Set(here!.flatMap(({ ids }) => ids)).size).toBe(sampleCount);
  });

  it('keeps no memory from epoch to epoch', async () => {
    await opened(folder(), { ...drawn, workers: 1 }, async (dataset) => {
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
});
