import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { r3d } from '../resnet3d.js';
import { singleStream } from '../singleStream.js';
import { stgcn } from '../stgcn.js';
import { importTorchWeights } from './importTorchWeights.js';

const path = (file: string) => new URL(`../../test-data/${file}`, import.meta.url);
const bytes = (file: string) => new Uint8Array(readFileSync(path(file)));

interface Golden {
  shape: number[];
  input: number[];
  logits: number[];
  weights: number[];
  gradient: number[];
}

const smallR3d = () =>
  singleStream(r3d({ inputShape: [2, 12, 12, 3], width: 4, blocks: [2, 1] }), { classes: 5 });
const smallStgcn = () =>
  singleStream(
    stgcn({
      frames: 8,
      width: 4,
      blocks: [2, 1],
      layout: { joints: 5, edges: [[0, 1], [1, 2], [1, 3], [3, 4]], center: 1 }, // biome-ignore format: pairs
      normalize: 'none',
    }),
    { classes: 5 },
  );

/** Sums of a few thousand products of numbers around 1, added up in another order in float32. */
const TOLERANCE = 1e-4;

function expectGolden(model: LayersModel, name: string): void {
  const golden: Golden = JSON.parse(readFileSync(path(`${name}.json`), 'utf8'));
  tf.tidy(() => {
    const x = tf.tensor(golden.input, golden.shape);
    const logits = (given: tf.Tensor) => model.predict(given) as tf.Tensor;
    const weights = tf.tensor(golden.weights, [golden.shape[0]!, 5]);
    const gradient = tf.grad((given) => tf.sum(tf.mul(logits(given), weights)))(x);
    expectClose(logits(x), golden.logits);
    expectClose(gradient, golden.gradient);
  });
}

function expectClose(tensor: tf.Tensor, expected: number[]): void {
  const found = tensor.dataSync();
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
  expect(largest).toBeLessThan(TOLERANCE);
}

describe('importTorchWeights', () => {
  describe.each(['pth', 'npz', 'safetensors'])('from .%s', (kind) => {
    it.each([
      ['importR3d', 'torchvision', smallR3d],
      ['importStgcn', 'pyskl', smallStgcn],
    ])('%s gives outputs and input gradients of PyTorch', async (name, names, build) => {
      const model = build();
      const report = await importTorchWeights(model, bytes(`${name}.${kind}`));
      expect(report).toMatchObject({ names, missing: [], unexpected: [], mismatched: [] });
      expect(report.imported).toHaveLength(model.weights.length);
      expectGolden(model, name);
    });
  });
});
