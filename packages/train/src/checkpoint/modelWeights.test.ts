import { tinyModel } from '@amr/testing/data/tinySamples';
import { expect, it } from 'vitest';
import { stableName, weightsOfModel } from './modelWeights.js';

it.each([
  ['dense_Dense12/kernel', 'dense_Dense/kernel'],
  ['conv2d_Conv2D3/bias', 'conv2d_Conv2D/bias'],
  [
    'batch_normalization_BatchNormalization7/moving_mean',
    'batch_normalization_BatchNormalization/moving_mean',
  ],
  ['stage_1/kernel', 'stage_1/kernel'],
  ['head_Layer1/kernel', 'head_Layer1/kernel'],
  ['logits/kernel', 'logits/kernel'],
])('%s is %s in every process', (name, stable) => {
  expect(stableName(name)).toBe(stable);
});

it('names a second model of the process as the first', () => {
  const names = () => weightsOfModel(tinyModel()).map(({ name, variable }) => `${name} ${variable.shape}`);
  const first = names();
  expect(names()).toEqual(first);
  expect(first).toContain('logits/kernel 10,3');
});
