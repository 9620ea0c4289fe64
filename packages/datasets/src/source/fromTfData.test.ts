import * as tf from '@tensorflow/tfjs-core';
import * as data from '@tensorflow/tfjs-data';
import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { fromTfData, type TfDataOptions } from './fromTfData.js';

const samples = (size = 5) =>
  Array.from({ length: size }, (_, i) => ({ xs: { rgb: [i, i + 0.5], depth: [[i]] }, ys: i % 3 }));

describe('fromTfData', () => {
  it('reads batches of named inputs in their order, and keeps no tensor', async () => {
    const source = data.array(samples()).batch(2);
    const before = tf.memory().numTensors;
    const dataset = await fromTfData(source as never, { classes: ['a', 'b', 'c', 'd'] });
    expect(tf.memory().numTensors).toBe(before);
    expect(dataset.size).toBe(5);
    expect(dataset.labels).toEqual([0, 1, 2, 0, 1]);
    expect(dataset.classes).toEqual(['a', 'b', 'c', 'd']);
    expect(dataset.modalities).toEqual({
      rgb: { shape: [2], unit: 'one' },
      depth: { shape: [1, 1], unit: 'one' },
    });
    expect([...dataset.values(4, 'rgb')]).toEqual([4, 4.5]);
    // Read once: epochs are in the order of their seed, and repeat.
    const epoch = async () => {
      const ids: string[] = [];
      for await (const batch of dataset.batches({ batchSize: 2, seed: 3, epoch: 1 })) {
        ids.push(...batch.ids);
        tf.dispose([batch.labels, batch.inputs]);
      }
      return ids;
    };
    expect(await epoch()).toEqual(await epoch());
    expect((await epoch()).sort()).toEqual(['0', '1', '2', '3', '4']);
  });

  it.each<[string, () => unknown, TfDataOptions, number[]]>([
    ['class numbers', () => data.array(samples()), { batched: false }, [0, 1, 2, 0, 1]],
    [
      'one-hot rows',
      () =>
        data
          .array(samples())
          .map((each) => ({ ...(each as object), ys: tf.oneHot((each as { ys: number }).ys, 3) })),
      { batched: false },
      [0, 1, 2, 0, 1],
    ],
    [
      'batches of one-hot rows',
      () =>
        data
          .array(samples())
          .map((each) => ({ ...(each as object), ys: tf.oneHot((each as { ys: number }).ys, 3) }))
          .batch(3),
      {},
      [0, 1, 2, 0, 1],
    ],
  ])('takes %s', async (_, source, options, labels) => {
    const dataset = await fromTfData(source() as never, options);
    expect(dataset.labels).toEqual(labels);
    expect(dataset.classes).toEqual(['0', '1', '2']);
    expect([...dataset.values(3, 'depth')]).toEqual([3]);
  });

  it('names bare tensors and lists of them', async () => {
    const bare = data
      .zip({
        xs: data.array([
          [1, 2],
          [3, 4],
        ]),
        ys: data.array([0, 1]),
      })
      .batch(2);
    expect((await fromTfData(bare as never)).modalities['x']!.shape).toEqual([2]);
    expect((await fromTfData(bare as never, { inputs: ['rgb'] })).modalities['rgb']!.shape).toEqual([2]);
    const list = () => ({ xs: [tf.ones([2, 3]), tf.zeros([2, 4])], ys: tf.tensor1d([0, 1]) });
    const listed = await fromTfData(elements([list()]), { inputs: ['a', 'b'] });
    expect(listed.modalities['b']!.shape).toEqual([4]);
    await expect(fromTfData(elements([list()]))).rejects.toThrow(
      /^inputs: got undefined; expected .* 2 tensors/,
    );
  });

  it.each<[string, () => unknown, TfDataOptions, RegExp]>([
    ['a list in place of a data set', () => [1], {}, /^dataset: got .*expected a tf.data data set/],
    ['no elements', () => elements([]), {}, /^dataset: got no elements/],
    ['elements of another form', () => data.array([1, 2]), {}, /^dataset\[0\]: got 1; expected { xs, ys }/],
    [
      'single samples as batches',
      () => data.array(samples()),
      {},
      /^dataset\[0\].ys: got .*batched to false/,
    ],
    [
      'a data set that repeats',
      () => data.array(samples()).repeat().batch(2),
      { maxBytes: 100 },
      /^maxBytes: got more than 100 bytes in 5 elements; .*before repeat\(\)/,
    ],
    [
      'samples of other shapes',
      () => elements([element([2, 3]), element([2, 4])]),
      {},
      /^dataset\[1\].xs.x: got samples of shape \[4\]; expected \[3\]/,
    ],
    [
      'another number of inputs',
      () => elements([element([2, 3]), { ...element([2, 3]), xs: { y: tf.ones([2, 3]) } }]),
      {},
      /^dataset\[1\].xs/,
    ],
    [
      'fewer labels than samples',
      () => elements([element([3, 3])]),
      {},
      /^dataset\[0\].xs.x: got .*expected 2 samples/,
    ],
    [
      'names for named inputs',
      () => data.array(samples()).batch(2),
      { inputs: ['a', 'b'] },
      /^inputs: got .*names already/,
    ],
    ['ids of another number', () => data.array(samples()).batch(2), { ids: ['a'] }, /^ids: got 1/],
    ['an unknown option', () => elements([]), { batch: 2 } as never, /batch: got an unknown option/],
  ])('refuses %s', async (_, source, options, message) => {
    const given = source() as never;
    const attempt = fromTfData(given, options);
    await expect(attempt).rejects.toThrow(DatasetError);
    await expect(attempt).rejects.toThrow(message);
  });
});

/** One batch of a bare tensor and two labels. */
function element(shape: number[]) {
  return { xs: tf.ones(shape) as unknown, ys: tf.tensor1d([0, 1], 'int32') };
}

/** A data set that tf.data wouldn't make. */
function elements(list: unknown[]) {
  return {
    iterator: async () => {
      const all = list.values();
      return { next: async () => all.next() };
    },
  };
}
