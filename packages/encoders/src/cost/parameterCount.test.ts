import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { parameterCount } from './parameterCount.js';

it('counts trained weights, and all weights with movingStatistics', () => {
  const model = sequential();
  const dense = layers.dense({ units: 5, inputShape: [4] });
  model.add(dense);
  model.add(layers.batchNormalization());
  expect(parameterCount(model)).toBe(4 * 5 + 5 + 2 * 5);
  expect(parameterCount(model, { movingStatistics: true })).toBe(4 * 5 + 5 + 4 * 5);
  dense.trainable = false;
  expect(parameterCount(model)).toBe(2 * 5);
  expect(parameterCount(model, { movingStatistics: true })).toBe(4 * 5 + 5 + 4 * 5);
});

it('counts a layer that is used twice once', () => {
  const dense = layers.dense({ units: 4, inputShape: [4] });
  const model = sequential({ layers: [dense, dense] });
  expect(parameterCount(model)).toBe(4 * 4 + 4);
});
