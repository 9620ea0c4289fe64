import type { BatchOptions, Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { fromArrays, type LabelledArrays } from './fromArrays.js';

/** `size` samples whose values tell which one they are. */
const arrays = (size: number): LabelledArrays => ({
  modalities: {
    rgb: {
      data: Uint8Array.from({ length: size * 2 }, (_, i) => (i >> 1) * 5),
      shape: [2, 1],
      unit: 'intensity',
    },
    skeleton: {
      data: Float32Array.from({ length: size * 3 }, (_, i) => Math.floor(i / 3)),
      shape: [3],
      unit: 'metres',
    },
  },
  labels: Array.from({ length: size }, (_, i) => i % 3),
  classes: ['a', 'b', 'c'],
  ids: Array.from({ length: size }, (_, i) => `s${i}`),
});

async function idsOf(dataset: Dataset, options: BatchOptions): Promise<string[][]> {
  const ids: string[][] = [];
  for await (const batch of dataset.batches(options)) {
    ids.push(batch.ids);
    tf.dispose([batch.labels, ...Object.values(batch.inputs)]);
  }
  return ids;
}

describe('fromArrays', () => {
  it('describes its modalities', () => {
    expect(fromArrays(arrays(2)).modalities).toEqual({
      rgb: { shape: [2, 1], range: [0, 1], unit: 'intensity' },
      skeleton: { shape: [3], unit: 'metres' },
    });
  });

  it('gives scaled tensors, labels and ids that belong together', async () => {
    const dataset = fromArrays(arrays(7));
    for await (const { ids, inputs, labels } of dataset.batches({ batchSize: 3, seed: 4 })) {
      const numbers = ids.map((id) => Number(id.slice(1)));
      expect(labels.dtype).toBe('int32');
      expect(Array.from(await labels.data())).toEqual(numbers.map((n) => n % 3));
      expect(inputs['rgb']!.shape).toEqual([ids.length, 2, 1]);
      expect(inputs['rgb']!.dtype).toBe('float32');
      const rgb = await inputs['rgb']!.data();
      const skeleton = await inputs['skeleton']!.data();
      numbers.forEach((n, i) => {
        expect(rgb[i * 2]).toBeCloseTo((n * 5) / 255, 6);
        expect(skeleton[i * 3 + 2]).toBe(n);
      });
      tf.dispose([labels, ...Object.values(inputs)]);
    }
  });

  it('gives every sample once in an epoch, the same order for the same seed, others for other epochs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer(),
        async (size, batchSize, seed) => {
          const dataset = fromArrays(arrays(size));
          const epoch = await idsOf(dataset, { batchSize, seed, epoch: 3 });
          expect(epoch.flat().sort()).toEqual([...dataset.ids].sort());
          expect(epoch.slice(0, -1).every((ids) => ids.length === batchSize)).toBe(true);
          expect(await idsOf(dataset, { batchSize, seed, epoch: 3 })).toEqual(epoch);
          const full = epoch.filter((ids) => ids.length === batchSize);
          expect(await idsOf(dataset, { batchSize, seed, epoch: 3, dropLast: true })).toEqual(full);
          for (let start = 0; start <= epoch.length + 1; start += 2) {
            expect(await idsOf(dataset, { batchSize, seed, epoch: 3, start })).toEqual(epoch.slice(start));
          }
        },
      ),
      { numRuns: 15 },
    );
    const dataset = fromArrays(arrays(30));
    const orders = [{ seed: 1 }, { seed: 1, epoch: 1 }, { seed: 2 }, {}].map((o) =>
      idsOf(dataset, { batchSize: 30, ...o }),
    );
    expect(new Set((await Promise.all(orders)).map((ids) => ids.join())).size).toBe(4);
    expect((await orders[3]!).flat()).toEqual(dataset.ids);
  });

  it('makes tensors only when asked, and no others', async () => {
    const dataset = fromArrays(arrays(10));
    const before = tf.memory().numTensors;
    for await (const batch of dataset.batches({ batchSize: 2, seed: 0 })) {
      expect(tf.memory().numTensors).toBe(before + 3);
      tf.dispose([batch.labels, ...Object.values(batch.inputs)]);
      if (batch.ids.includes('s3')) break;
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives subsets of subsets, in the given order', async () => {
    const subset = fromArrays(arrays(9)).subset([8, 1, 4, 1]).subset([2, 0]);
    expect([subset.size, subset.ids, subset.labels]).toEqual([2, ['s4', 's8'], [1, 2]]);
    expect(await idsOf(subset, { batchSize: 5 })).toEqual([['s4', 's8']]);
    expect(Array.from(subset.values(1, 'skeleton'))).toEqual([8, 8, 8]);
  });

  it('keeps bytes as bytes and floats to their range', () => {
    const bytes = { data: new Uint8Array([0, 200]), shape: [1], unit: 'metres', scale: 1 / 128 };
    const dataset = fromArrays({ modalities: { depth: bytes }, labels: [0, 0], classes: ['a'] });
    expect(dataset.modalities['depth']!.range).toEqual([0, 255 / 128]);
    expect(dataset.values(1, 'depth')[0]).toBe(200 / 128);
    expect(dataset.ids).toEqual(['0', '1']);
    const edge = {
      data: new Float32Array([0.1, 0.3]),
      shape: [1],
      unit: 'x',
      range: [0.1, 0.3] as [number, number],
    };
    expect(fromArrays({ modalities: { edge }, labels: [0, 0], classes: ['a'] }).size).toBe(2);
  });

  const good = arrays(3);
  const skeleton = good.modalities['skeleton']!;
  it.each<[string, Partial<LabelledArrays>, RegExp]>([
    ['no modality', { modalities: {} }, /modalities: got none; expected at least one/],
    [
      'too few values',
      { modalities: { skeleton: { ...skeleton, shape: [4] } } },
      /modalities\.skeleton\.data: got 9 values; expected 12 for 3 samples of shape \[4\]/,
    ],
    [
      'a shape of 0',
      { modalities: { skeleton: { ...skeleton, shape: [0] } } },
      /modalities\.skeleton\.shape: got \[0\]; expected positive whole numbers/,
    ],
    ['a label without a class', { labels: [0, 1, 3] }, /labels\[2\]: got 3 for sample 's2'.*from 0 to 2/],
    ['a fractional label', { labels: [0, 1, 0.5] }, /labels\[2\]: got 0\.5/],
    ['too few labels', { labels: [0, 1] }, /ids: got 3; expected one for each of 2 labels/],
    ['ids that repeat', { ids: ['x', 'y', 'x'] }, /ids: got 'x' for several/],
    [
      'an inverted range',
      { modalities: { skeleton: { ...skeleton, range: [1, 0] } } },
      /modalities\.skeleton\.range: got \[1, 0\]; expected \[smallest, largest\]/,
    ],
    [
      'values out of range',
      { modalities: { skeleton: { ...skeleton, range: [0, 1] } } },
      /got 2 in sample 's2'; expected a number in \[0, 1\]/,
    ],
    [
      'NaN',
      { modalities: { skeleton: { ...skeleton, data: new Float32Array(9).fill(Number.NaN, 4) } } },
      /got NaN in sample 's1'; expected a finite/,
    ],
    [
      'infinity',
      { modalities: { skeleton: { ...skeleton, data: new Float32Array(9).fill(Infinity, 8) } } },
      /got Infinity in sample 's2'/,
    ],
  ])('refuses %s', (_, change, reason) => {
    const make = () => fromArrays({ ...good, ...change });
    expect(make).toThrow(DatasetError);
    expect(make).toThrow(reason);
  });

  it.each<[BatchOptions, RegExp]>([
    [{ batchSize: 0 }, /batchSize: got 0; expected a whole number from 1/],
    [{ batchSize: 1.5 }, /batchSize: got 1\.5;/],
    [{ batchSize: 1, epoch: -1 }, /epoch: got -1; expected a whole number from 0/],
    [{ batchSize: 1, start: Number.NaN }, /start: got NaN; expected a whole number from 0/],
    [{ batchSize: 1, seed: Number.NaN }, /seed: got NaN; expected a finite number/],
  ])('refuses batches %j at the call', (options, reason) => {
    expect(() => fromArrays(good).batches(options)).toThrow(reason);
  });

  it('refuses unknown samples and modalities', () => {
    expect(() => fromArrays(good).subset([0, 3])).toThrow(/sample: got position 3; .* 0 to 2/);
    expect(() => fromArrays(good).values(0, 'depth')).toThrow(
      /modality: got 'depth'; expected one of rgb, skeleton/,
    );
  });
});
