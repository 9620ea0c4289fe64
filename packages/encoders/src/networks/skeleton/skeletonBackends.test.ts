import { useOn } from '@amr/testing/backends/useOn';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Encoder } from '../../encoder.js';
import { singleStream } from '../../fusion/singleStream.js';
import { resnet1d } from '../series/resnet1d.js';
import { agcn } from './agcn.js';
import { ctrgcn } from './ctrgcn.js';
import { hcn } from './hcn.js';
import { stgcn } from './stgcn.js';
import { stgcnpp } from './stgcnpp.js';

const layout = { joints: 4, edges: [[0, 1], [1, 2], [1, 3]] as [number, number][], center: 1 }; // biome-ignore format: bones
const gcn = { frames: 9, layout, width: 6, blocks: [1, 1], seed: 1 };
const points = { frames: 16, layout, width: 4, pointChannels: 16, hidden: 8, seed: 1 };

const encoders: { [name: string]: () => Encoder } = {
  'ST-GCN of bones': () => stgcn({ ...gcn, stream: 'bone' }),
  'ST-GCN of scored points': () => stgcn({ ...gcn, confidence: true }),
  'ST-GCN++ of joints': () => stgcnpp(gcn),
  'ST-GCN++ of bones in motion': () => stgcnpp({ ...gcn, stream: 'bone-motion', confidence: true }),
  '2s-AGCN of bones': () => agcn({ ...gcn, stream: 'bone' }),
  'CTR-GCN of joints': () => ctrgcn(gcn),
  'HCN, maximum over bodies': () => hcn(points),
  'HCN, mean over bodies': () => hcn({ ...points, pooling: 'mean' }),
  'ResNet of time series': () => resnet1d({ inputShape: [12, 6], widths: [4, 6], seed: 1 }),
};

/** Predictions, input gradients and the losses of some training steps, on the current backend. */
function trial(build: () => Encoder, steps: number) {
  const encoder = build();
  const classifier = singleStream(encoder, { classes: 3, seed: 2 });
  const shape = encoder.input.shape.slice(1) as number[];
  let x = tf.randomNormal([3, ...shape], 0, 1, 'float32', 3);
  if (shape.length === 4) {
    // One clip with both bodies, one with only the first, one with only the second.
    x = tf.mul(x, tf.reshape(tf.tensor1d([1, 1, 1, 0, 0, 1]), [3, 2, 1, 1, 1]));
  }
  const target = tf.oneHot(tf.tensor1d([0, 1, 2], 'int32'), 3);
  const loss = (given: tf.Tensor, training: boolean) =>
    tf.losses.softmaxCrossEntropy(target, classifier.apply(given, { training }) as tf.Tensor) as tf.Scalar;
  const logits = [...(classifier.predict(x) as tf.Tensor).dataSync()];
  const gradient = [
    ...tf
      .grad((z: tf.Tensor) => loss(z, false))(x)
      .dataSync(),
  ];
  const optimizer = tf.train.adam(0.01);
  const step = () => tf.tidy(() => optimizer.minimize(() => loss(x, true), true)!.dataSync()[0]!);
  const losses = [step()];
  const before = tf.memory().numTensors;
  for (let i = 0; i < steps - 1; i++) losses.push(step());
  const leaked = tf.memory().numTensors - before;
  classifier.dispose();
  return { logits, gradient, losses, leaked };
}

describe.each(['wasm', 'onnx'] as const)('skeleton networks on the backend %s', (backend) => {
  useOn(backend);

  it.each(Object.entries(encoders))('%s predicts, differentiates and trains as on cpu', async (_, build) => {
    await tf.setBackend('cpu');
    const cpu = tf.tidy(() => trial(build, 2));
    await tf.setBackend(backend);
    const own = tf.tidy(() => trial(build, 10));
    for (const part of ['logits', 'gradient'] as const) {
      // Relative to the largest value, since sums grow from block to block.
      const size = Math.max(1, ...cpu[part].map(Math.abs));
      const close = cpu[part].map((value) => expect.closeTo(value / size, 4));
      expect(own[part].map((value) => value / size)).toEqual(close);
    }
    // Adam's first steps are signs of gradients, and rounding decides the sign of a gradient that is nearly zero.
    expect(own.losses.slice(0, 2)).toEqual(cpu.losses.map((value) => expect.closeTo(value, 1)));
    expect(own.losses.at(-1)).toBeLessThan(0.7 * own.losses[0]!);
    expect(own.leaked + cpu.leaked).toBe(0);
  });
});
