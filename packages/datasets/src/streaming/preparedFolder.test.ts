import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withAugmentation } from '../augment/withAugmentation.js';
import { folderSource } from '../prepared/folderSource.js';
import { openShards } from '../prepared/preparedShards.js';
import { preparedClasses } from './preparedClips.fixture.js';
import {
  drawn,
  epoch,
  everything,
  opened,
  sampleCount,
  useFolder,
  valuesOf,
  workerTests,
} from './preparedFolder.fixture.js';
import { type PreparedFolderOptions, preparedFolder } from './preparedFolder.js';

const folder = useFolder();

describe('preparedFolder', () => {
  workerTests(0, folder);

  it('gives the stored samples, scaled and in order, by default', async () => {
    await opened(folder(), { workers: 0 }, async (dataset) => {
      expect(dataset).toMatchObject({ size: sampleCount, classes: preparedClasses });
      expect(dataset.modalities['rgb']).toEqual({
        shape: [6, 8, 8, 3],
        kind: 'video',
        unit: 'intensity',
        range: [0, 1],
      });
      expect(dataset.tags[5]).toEqual({ subject: 2 });
      const shards = await openShards(folderSource(folder()));
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
    await opened(folder(), { workers: 0, augmentation: older }, (streamed) =>
      opened(folder(), { workers: 0 }, async (plain) => {
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

  it('gives each sample once an epoch, resumes, and differs from epoch to epoch', async () => {
    await opened(folder(), { ...drawn, workers: 0, modalities: ['skeleton'] }, async (dataset) => {
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
    await opened(folder(), { workers: 0, crop: { size: 6 } }, (cropped) =>
      opened(folder(), { workers: 0 }, async (whole) => {
        const [small, large] = await Promise.all([cropped, whole].map((dataset) => dataset.values(2, 'rgb')));
        expect(small![0]).toBe(large![(1 * 8 + 1) * 3]);
        expect(small!.at(-1)).toBe(large![((5 * 8 + 6) * 8 + 6) * 3 + 2]);
      }),
    );
  });

  it('takes a part of a split', async () => {
    await opened(folder(), { workers: 0, split: 'xsub', part: 'train', samples: 3 }, async (dataset) => {
      expect(dataset.size).toBe(3);
      expect(dataset.tags.every(({ subject }) => subject === 1 || subject === 3)).toBe(true);
    });
  });

  it.each<[PreparedFolderOptions, RegExp]>([
    [{ modalities: ['depth'] }, /modalities: got 'depth'; expected names among rgb, skeleton/],
    [{ modalities: [] }, /modalities: got \[\]; expected at least one/],
    [{ frames: 7 }, /frames\.rgb: got 7; expected at most 6, as many as are stored/],
    [{ frames: { depth: 3 } }, /modalities: got 'depth'; expected names among rgb, skeleton/],
    [{ sampling: 'random' as 'dense' }, /sampling: got 'random'; expected one of uniform, segments, dense/],
    [{ crop: { size: 9 } }, /crop\.size: got 9; expected at most the frames of 'rgb', 8 x 8/],
    [{ workers: -1 }, /workers: got -1; expected a whole number from 0/],
    [{ prefetch: 0.5 }, /prefetch: got 0\.5; expected a whole number from 0/],
    [{ part: 'train', split: 'xview' }, /split: got 'xview'; expected one of xsub/],
    [{ augmentation: { mirror: 2 } }, /mirror: got 2/],
    [
      { worker: 1 } as PreparedFolderOptions,
      /preparedFolder\.worker: got an unknown option; expected workers/,
    ],
    [{ crop: { size: 6, at: 3 } as never }, /crop\.at: got an unknown option/],
  ])('refuses %j', async (options, reason) => {
    await expect(preparedFolder(folder(), options)).rejects.toThrow(reason);
  });

  it('names a missing manifest', async () => {
    await expect(preparedFolder(join(folder(), 'nowhere'))).rejects.toThrow(/nowhere.*Prepare the data/);
  });
});
