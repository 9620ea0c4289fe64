import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { Motion, type MotionConfig } from './motion.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const motion = (x: tf.Tensor, config?: MotionConfig) => new Motion(config).apply(x) as tf.Tensor;
const values = (x: tf.Tensor) => [...x.dataSync()];

describe('Motion', () => {
  // Four frames of two joints [x, y, score].
  const clip = tf.tensor5d(
    [1, 2, 0.5, 3, 4, 1, 2, 2, 1, 3, 6, 0.5, 2, 5, 0, 4, 6, 0.5, 0, 5, 1, 4, 7, 0.5],
    [1, 1, 4, 2, 3],
  );

  it('is the step to the next frame, or from the previous one', () => {
    const steps = [1, 0, 0.5, 0, 2, -0.5, 0, 3, -1, 1, 0, 0, -2, 0, 1, 0, 1, 0];
    expect(values(motion(clip))).toEqual([...steps, 0, 0, 0, 0, 0, 0]);
    expect(values(motion(clip, { reference: 'previous' }))).toEqual([0, 0, 0, 0, 0, 0, ...steps]);
  });

  it('has the mean of two confidences', () => {
    const scores = values(motion(clip, { confidence: true })).filter((_, i) => i % 3 === 2);
    expect(scores).toEqual([0.75, 0.75, 0.5, 0.5, 0.5, 0.5, 0, 0]);
    const places = (x: tf.Tensor) => values(x).filter((_, i) => i % 3 !== 2);
    expect(places(motion(clip, { confidence: true }))).toEqual(places(motion(clip)));
  });

  it.each([false, true])('has no jump where a body is absent or padded, confidence: %s', (confidence) => {
    const [seen, gap] = [random([2, 2, 4, 3], 1), tf.zeros([2, 1, 4, 3])];
    const body = tf.concat([seen, gap, seen], 1);
    const x = tf.stack([body, tf.zerosLike(body)], 1); // frames 0, 1, 3, 4 of the first body are there
    const y = motion(x, { confidence });
    const inFrame = tf.max(tf.abs(y), [3, 4]).arraySync() as number[][][];
    for (const sample of inFrame) {
      expect(sample[0]!.map((size) => size > 0)).toEqual([true, false, false, true, false]);
      expect(sample[1]).toEqual([0, 0, 0, 0, 0]);
    }
    expect(values(motion(tf.ones([1, 1, 1, 4, 3])))).toEqual(new Array(12).fill(0));
  });

  it('has the gradient of finite differences, and leaves no tensor behind', () => {
    const x = random([1, 2, 4, 3, 3], 1);
    for (const confidence of [false, true]) {
      const layer = new Motion({ confidence, reference: 'previous' });
      const before = tf.memory().numTensors;
      expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [1, 4, 2, 3] });
    const config = { reference: 'previous', confidence: true } as const;
    const outputs = new Motion({ ...config, name: 'motion' }).apply(x) as SymbolicTensor;
    expect(outputs.shape).toEqual([null, 1, 4, 2, 3]);
    const original = model({ inputs: x, outputs });
    const copy = await reloaded(original);
    expect(copy.getLayer('motion').getConfig()).toMatchObject(config);
    expect(values(copy.predict(clip) as tf.Tensor)).toEqual(values(original.predict(clip) as tf.Tensor));
  });

  it('refuses another reference', () => {
    expect(() => new Motion({ reference: 'first' as 'next' })).toThrow(
      /^Motion\.reference: got 'first'; expected one of next, previous/,
    );
  });
});
