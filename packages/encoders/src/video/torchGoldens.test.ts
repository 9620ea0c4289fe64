import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Encoder } from '../encoder.js';
import { i3dResNet50 } from '../i3dResNet50.js';
import { mc3, r2plus1d, r3d, resnet3d } from '../resnet3d.js';
import { singleStream } from '../singleStream.js';
import { slowOnly50 } from '../slowOnly50.js';
import { importTorchWeights } from '../torch/importTorchWeights.js';
import { x3d } from '../x3d.js';

type Clip = readonly [number, number, number, number];

interface Golden {
  shape: Clip;
  input: number[];
  logits: number[];
  along: number[];
  gradient: number[];
}

const file = (name: string) => readFileSync(new URL(`../../test-data/video-${name}`, import.meta.url));

/** The networks of test-data/video_networks.py. */
const networks: [name: string, family: string, build: (inputShape: Clip) => Encoder][] = [
  ['hara', 'torchvision', (inputShape) => resnet3d({ inputShape, width: 4, blocks: [1, 1] })],
  ['r3d-bottleneck', 'torchvision', (inputShape) => r3d({ inputShape, depth: 50, width: 4, blocks: [1, 1] })],
  ['mc3', 'torchvision', (inputShape) => mc3({ inputShape, width: 4, blocks: [1, 2] })],
  ['r2plus1d', 'torchvision', (inputShape) => r2plus1d({ inputShape, width: 4, blocks: [1, 2] })],
  [
    'r2plus1d-bottleneck',
    'torchvision',
    (inputShape) => r2plus1d({ inputShape, depth: 50, width: 4, blocks: [1, 1] }),
  ],
  ['i3d', 'pytorchvideo', (inputShape) => i3dResNet50({ inputShape, width: 4, blocks: [1, 2] })],
  ['slow', 'pytorchvideo', (inputShape) => slowOnly50({ inputShape, width: 4, blocks: [1, 1, 1] })],
  ['x3d', 'pytorchvideo', (inputShape) => x3d({ inputShape, width: 8, blocks: [2, 2], headWidth: 16 })],
];

describe('video networks with weights from PyTorch', () => {
  it.each(networks)('%s gives its logits and input gradients, by %s names', async (name, family, build) => {
    const golden: Golden = JSON.parse(file(`${name}.json`).toString());
    const classifier = singleStream(build(golden.shape), { classes: golden.logits.length });
    const report = await importTorchWeights(classifier, file(`${name}.pth`));
    expect(report).toMatchObject({ names: family, missing: [], unexpected: [], mismatched: [] });
    expect(report.imported).toHaveLength(classifier.weights.length);

    tf.tidy(() => {
      const x = tf.tensor(golden.input, [1, ...golden.shape]);
      const logits = (z: tf.Tensor) => classifier.apply(z) as tf.Tensor;
      const along = tf.tensor(golden.along, [1, golden.along.length]);
      const gradient = tf.grad((z) => tf.sum(tf.mul(logits(z), along)))(x);
      expectClose(logits(x), golden.logits);
      expectClose(gradient, golden.gradient);
    });
    classifier.dispose();
  });
});

/** Within 1e-4 of the greatest value: two orders of sums in float32 are 1e-6 apart at these sizes. */
function expectClose(given: tf.Tensor, expected: number[]): void {
  const values = given.dataSync();
  const greatest = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((value, i) => Math.abs(value - values[i]!)));
  expect(values).toHaveLength(expected.length);
  expect(greatest).toBeGreaterThan(1e-3);
  expect(error / greatest).toBeLessThan(1e-4);
}
