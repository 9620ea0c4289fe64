import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { stgcn } from '../networks/skeleton/stgcn.js';
import { singleStream } from './singleStream.js';
import { twoStream } from './twoStream.js';

const encoder = (name: string) =>
  stgcn({
    frames: 4,
    persons: 1,
    layout: { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }, // biome-ignore format: bones
    width: 4,
    blocks: [1, 1],
    temporalKernel: 3,
    seed: 1,
    name,
  });
const clips = (batch: number) => tf.randomNormal([batch, 1, 4, 3, 3], 0, 1, 'float32', 1);

it('is a dense layer on the features, at any batch size, also after loading', async () => {
  const stream = encoder('skeleton');
  const classifier = singleStream(stream, { classes: 5, dropout: 0.5, seed: 2 });
  perturbWeights(classifier);
  expect(classifier.outputNames).toEqual(['logits']);
  const copy = await reloaded(classifier);
  const [kernel, bias] = classifier.getLayer('logits').getWeights() as [tf.Tensor2D, tf.Tensor1D];
  for (const batch of [1, 3]) {
    const logits = classifier.predict(clips(batch)) as tf.Tensor;
    const features = stream.model.predict(clips(batch)) as tf.Tensor2D;
    const expected = tf.add(tf.matMul(features, kernel), bias).dataSync();
    expect([...logits.dataSync()]).toEqual([...expected].map((value) => expect.closeTo(value, 5)));
    expect((copy.predict(clips(batch)) as tf.Tensor).dataSync()).toEqual(logits.dataSync());
  }
});

it('drops different features at each step of training, and the same sequence with the same seed', () => {
  const make = () => singleStream(encoder('skeleton'), { classes: 5, dropout: 0.5, seed: 2 });
  const steps = (classifier: LayersModel) =>
    [1, 2].map(() => [...(classifier.apply(clips(4), { training: true }) as tf.Tensor).dataSync()]);
  const [first, second] = steps(make());
  expect(second).not.toEqual(first);
  expect(steps(make())).toEqual([first, second]);
});

it('shares its encoder with a network of two streams', () => {
  const [first, second] = [encoder('first'), encoder('second')];
  const classifier = singleStream(first, { classes: 3, seed: 2 });
  const both = twoStream({ rgb: first, skeleton: second, classes: 3, fusion: 'concat', seed: 3 });
  const predict = () => (both.predict([clips(1), clips(1)]) as tf.Tensor[])[1]!.dataSync();
  const before = predict();
  perturbWeights(classifier);
  expect(predict()).not.toEqual(before);
});

it('refuses options out of range and unknown ones', () => {
  expect(() => singleStream(encoder('skeleton'), { classes: 3, rate: 0.5 } as never)).toThrow(
    /^singleStream\.rate: got an unknown option/,
  );
  expect(() => singleStream(encoder('skeleton'), { classes: 1 })).toThrow(/^singleStream\.classes: got 1/);
  expect(() => singleStream(encoder('skeleton'), { classes: 3, dropout: 1 })).toThrow(
    /^singleStream\.dropout: got 1/,
  );
});
