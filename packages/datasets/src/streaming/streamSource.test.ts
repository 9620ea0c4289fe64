import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import type { SourceFormat } from '../source/sourceFormat.js';
import { streamSource } from './streamSource.js';

/** A format that lists six samples and makes them up; the fourth is `wrong`. */
const madeUp: SourceFormat<{ wrong?: Float32Array }> = {
  name: 'made up',
  list: async () => ({
    dataset: 'made up',
    classes: ['a', 'b'],
    modalities: { series: { dtype: 'float32', shape: [4, 2], kind: 'series', unit: 'g' } },
    samples: Array.from({ length: 6 }, (_, i) => ({
      id: `s${i}`,
      label: i % 2,
      tags: { subject: i },
      files: { series: `file${i}` },
    })),
    splits: { subjects: { by: 'subject', train: [0, 1, 2] } },
    skipped: [],
  }),
  read: async ({ id }, { wrong }) => ({
    arrays: { series: id === 's3' && wrong ? wrong : new Float32Array(8).fill(Number(id.slice(1))) },
  }),
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stream-'));
  for (const name of ['a', 'b']) {
    await mkdir(join(root, 'series', name), { recursive: true });
    for (const i of [0, 1]) await writeFile(join(root, 'series', name, `${i}.npy`), npy(i));
  }
});
afterAll(() => rm(root, { recursive: true }));

/** A .npy file of float32 [4, 2]. */
function npy(value: number): Uint8Array {
  const header = `${"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }".padEnd(117)}\n`;
  const start = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0);
  return Buffer.concat([start, Buffer.from(header), new Uint8Array(new Float32Array(8).fill(value).buffer)]);
}

describe('streamSource', () => {
  it('streams a format of one’s own in this thread', async () => {
    const dataset = await streamSource(madeUp, {}, { split: 'subjects', part: 'test', frames: 2 });
    expect(dataset.ids).toEqual(['s3', 's4', 's5']);
    for await (const { ids, inputs, labels } of dataset.batches({ batchSize: 3 })) {
      expect(ids).toEqual(['s3', 's4', 's5']);
      expect(Array.from(inputs['series']!.dataSync())).toEqual([3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]);
      tf.dispose([labels, ...Object.values(inputs)]);
    }
    await dataset.close();
  });

  it('says which sample isn’t what was listed', async () => {
    const dataset = await streamSource(madeUp, { wrong: new Float32Array(7) });
    const reading = dataset.values(3, 'series');
    await expect(reading).rejects.toThrow(/^file3: sample 's3': 7 values of 'series' were read/);
    await expect(reading).rejects.toBeInstanceOf(DatasetError);
    await dataset.close();
  });

  it('streams a folder in threads as in this one', async () => {
    const epochs = [];
    for (const workers of [0, 2]) {
      const dataset = await streamSource('folder', { root }, { workers, augmentation: { cropTime: 0.2 } });
      const values: number[][] = [];
      for await (const { inputs, labels } of dataset.batches({ batchSize: 3, seed: 1 })) {
        values.push([
          ...labels.dataSync(),
          ...Object.values(inputs).flatMap((input) => [...input.dataSync()]),
        ]);
        tf.dispose([labels, ...Object.values(inputs)]);
      }
      await dataset.close();
      epochs.push(values);
    }
    expect(epochs[0]!.flat()).toHaveLength(4 + 4 * 8);
    expect(epochs[1]).toEqual(epochs[0]);
  });
});
