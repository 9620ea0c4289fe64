import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { fromTensors, type SampleDescription } from './fromTensors.js';

const tensors = () => ({
  rgb: tf.tensor3d([...Array(24).keys()], [4, 3, 2]),
  skeleton: tf.tensor2d([0, 1, 2, 3], [4, 1], 'int32'),
});

describe('fromTensors', () => {
  it("copies the values, leaves the caller's tensors alone, and keeps none", async () => {
    const before = tf.memory().numTensors;
    const given = tensors();
    const labels = tf.tensor1d([0, 2, 0, 1], 'int32');
    const dataset = await fromTensors(given, labels);
    expect(tf.memory().numTensors).toBe(before + 3);
    // On the cpu backend data() gives the tensor's own array: writing into it shows whether it was copied.
    (await given.rgb.data())[6] = 99;
    tf.dispose([given, labels]);
    expect(tf.memory().numTensors).toBe(before);
    expect([...dataset.values(1, 'rgb')]).toEqual([6, 7, 8, 9, 10, 11]);
    expect([...dataset.values(3, 'skeleton')]).toEqual([3]);
    expect(dataset.labels).toEqual([0, 2, 0, 1]);
    expect(dataset.classes).toEqual(['0', '1', '2']);
    expect(dataset.ids).toEqual(['0', '1', '2', '3']);
    expect(dataset.modalities).toEqual({
      rgb: { shape: [3, 2], unit: 'one' },
      skeleton: { shape: [1], unit: 'one' },
    });
    for await (const batch of dataset.batches({ batchSize: 4 })) {
      expect(batch.inputs['skeleton']!.dtype).toBe('float32');
      expect([...(await batch.labels.data())]).toEqual([0, 2, 0, 1]);
      tf.dispose([batch.labels, batch.inputs]);
    }
  });

  it('takes names, ids, units, ranges and kinds', async () => {
    const dataset = await fromTensors(tensors(), [0, 1, 1, 0], {
      classes: ['wave', 'clap', 'jump'],
      ids: ['a', 'b', 'c', 'd'],
      modalities: { rgb: { unit: 'intensity', range: [0, 30], kind: 'series' } },
    });
    expect(dataset.classes).toEqual(['wave', 'clap', 'jump']);
    expect(dataset.ids).toEqual(['a', 'b', 'c', 'd']);
    expect(dataset.modalities['rgb']).toEqual({
      shape: [3, 2],
      unit: 'intensity',
      range: [0, 30],
      kind: 'series',
    });
  });

  it.each<[string, Parameters<typeof fromTensors>[1], SampleDescription, number[], string[]]>([
    ['an Int32Array', Int32Array.of(1, 0, 1, 0), {}, [1, 0, 1, 0], ['0', '1']],
    ['a column', tf.tensor2d([1, 0, 1, 0], [4, 1]), {}, [1, 0, 1, 0], ['0', '1']],
    ['one-hot rows', tf.oneHot([2, 0, 1, 0], 4), {}, [2, 0, 1, 0], ['0', '1', '2', '3']],
    ['names, sorted', ['b', 'a', 'b', 'c'], {}, [1, 0, 1, 2], ['a', 'b', 'c']],
    [
      'names in the order of the classes',
      ['b', 'a', 'b', 'b'],
      { classes: ['c', 'b', 'a'] },
      [1, 2, 1, 1],
      ['c', 'b', 'a'],
    ],
  ])('takes labels as %s', async (_, labels, options, numbers, classes) => {
    const dataset = await fromTensors(tensors(), labels, options);
    expect(dataset.labels).toEqual(numbers);
    expect(dataset.classes).toEqual(classes);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a bare tensor',
      () => fromTensors(tf.ones([4, 2]) as never, [0, 0, 0, 0]),
      /^modalities: got .*by name/,
    ],
    [
      'no tensor',
      () => fromTensors({ x: [1, 2] as never }, [0, 1]),
      /^modalities.x: got .*expected a tensor/,
    ],
    ['other sizes', () => fromTensors(tensors(), [0, 1, 0]), /^modalities.rgb: got .*expected 3 samples/],
    [
      'no labels',
      () => fromTensors(tensors(), undefined as never),
      /^labels: got undefined; expected an array/,
    ],
    ['a label of 0.5', () => fromTensors(tensors(), [0, 0.5, 1, 0]), /^labels\[1\]: got 0.5/],
    ['a label below 0', () => fromTensors(tensors(), [0, -1, 1, 0]), /^labels\[1\]: got -1/],
    ['NaN as a label', () => fromTensors(tensors(), [0, Number.NaN, 1, 0]), /^labels\[\d\]: got/],
    [
      'a label without a class',
      () => fromTensors(tensors(), [0, 1, 2, 0], { classes: ['a', 'b'] }),
      /^labels\[2\]: got 2/,
    ],
    [
      'an unknown name',
      () => fromTensors(tensors(), ['a', 'b', 'a', 'd'], { classes: ['a', 'b'] }),
      /^labels\[3\]: got 'd'; expected one of the classes/,
    ],
    ['mixed labels', () => fromTensors(tensors(), tf.fill([4, 2], 0.5)), /^labels\[0\]: got .*one-hot row/],
    ['two hot ones', () => fromTensors(tensors(), tf.ones([4, 2])), /^labels\[0\]: got .*one-hot row/],
    [
      'too few names for one-hot rows',
      () => fromTensors(tensors(), tf.oneHot([0, 0, 0, 0], 3), { classes: ['a'] }),
      /^classes: got 1; expected 3/,
    ],
    ['labels of rank 3', () => fromTensors(tensors(), tf.ones([4, 1, 1])), /^labels: got shape \[4, 1, 1\]/],
    ['ids twice', () => fromTensors(tensors(), [0, 0, 0, 0], { ids: ['a', 'a', 'b', 'c'] }), /^ids: got 'a'/],
    [
      'infinity',
      () => fromTensors({ x: tf.tensor1d([0, Infinity]) }, [0, 0]),
      /^modalities.x.data: got Infinity in sample '1'/,
    ],
    [
      'values out of range',
      () => fromTensors(tensors(), [0, 0, 0, 0], { modalities: { rgb: { range: [0, 1] } } }),
      /^modalities.rgb.data: got 2 in sample '0'; expected a number in \[0, 1\]/,
    ],
    [
      'a description of no modality',
      () => fromTensors(tensors(), [0, 0, 0, 0], { modalities: { depth: {} } }),
      /^modalities.depth: got a description; expected one of .*rgb/,
    ],
    [
      'an unknown option',
      () => fromTensors(tensors(), [0, 0, 0, 0], { class: [] } as never),
      /class: got an unknown option/,
    ],
  ])('refuses %s', async (_, attempt, message) => {
    await expect(attempt()).rejects.toThrow(DatasetError);
    await expect(attempt()).rejects.toThrow(message);
  });
});
