import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import type { SourceFormat } from '../source/sourceFormat.js';
import { streamSource } from './streamSource.js';

/** A format of six samples with constant values; the fourth sample's are `wrong`, when given. */
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

describe('streamSource', () => {
  it('streams a custom format in this thread', async () => {
    const dataset = await streamSource(madeUp, {}, { split: 'subjects', part: 'test', frames: 2 });
    expect(dataset.ids).toEqual(['s3', 's4', 's5']);
    for await (const { ids, inputs, labels } of dataset.batches({ batchSize: 3 })) {
      expect(ids).toEqual(['s3', 's4', 's5']);
      expect(Array.from(inputs['series']!.dataSync())).toEqual([3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]);
      tf.dispose([labels, ...Object.values(inputs)]);
    }
    await dataset.close();
  });

  it('names a sample that differs from the listing', async () => {
    const dataset = await streamSource(madeUp, { wrong: new Float32Array(7) });
    const reading = dataset.values(3, 'series');
    await expect(reading).rejects.toThrow(
      /^file3: sample 's3', series: got a Float32Array of length 7 from the format; expected a Float32Array of length 8/,
    );
    await expect(reading).rejects.toBeInstanceOf(DatasetError);
    await dataset.close();
  });

  it('refuses unknown options', async () => {
    await expect(streamSource(madeUp, {}, { worker: 1 } as object)).rejects.toThrow(
      'streamSource.worker: got an unknown option; expected workers. Rename it.',
    );
  });
});
