import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { batchReaderInThreads } from './batchThreads.js';
import type { SampleTransform } from './sampleTransform.js';

const samples = [{ id: 'a', label: 0, place: 0 }];
const transform: SampleTransform = {
  stored: {},
  frames: {},
  sampling: 'uniform',
  seed: 0,
  augmentation: {},
  classes: ['a'],
};
const origin = { format: 'nothing', options: {}, modalities: {} };
const { signal } = new AbortController();

describe('batchReaderInThreads', () => {
  it('rejects every waiting batch when a thread ends early', async () => {
    // Without a transform, the thread throws when it starts.
    const reader = batchReaderInThreads({ origin, transform: undefined as unknown as SampleTransform }, 1);
    const outcomes = await Promise.allSettled([0, 1].map((epoch) => reader.read(samples, epoch, signal)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          name: 'DatasetError',
          reason: expect.stringMatching(/^workers: got a thread that ended early/),
        },
      });
    }
    await reader.close();
  });

  it('passes errors on, drops cancelled batches, and rejects those under way when it is closed', async () => {
    const reader = batchReaderInThreads({ origin, transform }, 1);
    const stop = new AbortController();
    const first = reader.read(samples, 0, signal);
    const dropped = reader.read(samples, 0, stop.signal);
    stop.abort(new Error('not wanted'));
    await expect(dropped).rejects.toThrow('not wanted');
    await expect(first).rejects.toThrow(/format: got 'nothing'; expected one of ntu60/);
    await expect(first).rejects.toBeInstanceOf(DatasetError);
    const late = reader.read(samples, 1, signal);
    const after = reader.read(samples, 1, signal);
    await Promise.all([
      expect(late).rejects.toThrow(/got a closed data set/),
      expect(after).rejects.toThrow(/got a closed data set/),
      reader.close(),
    ]);
    await expect(reader.read(samples, 1, signal)).rejects.toThrow(/got a closed data set/);
  });
});
