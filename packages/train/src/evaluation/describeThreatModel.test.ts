import { type Budget, jointBall, type ThreatModel } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { TrainOptionError } from '../errors.js';
import { threatModelText } from '../report/format/threatModelText.js';
import { describeThreatModel } from './describeThreatModel.js';

const modalities = {
  rgb: { shape: [4, 4, 3], unit: 'intensity' },
  skeleton: { shape: [5, 3], unit: 'metres' },
};
const describe = (threatModel: ThreatModel) => describeThreatModel(threatModel, modalities);
const linf = (part: Partial<Budget>): Budget => ({ norm: 'linf', epsilon: 2, ...part });

it('states ranges and scales: numbers, arrays, small tensors by value, large ones by a hash', async () => {
  const tensors = tf.memory().numTensors;
  const large = tf.fill([16, 12], 0.5);
  const range = [tf.tensor1d([0, -1, 0]), [[1, 1, 2]]] as const;
  const { budgets } = await describe({ rgb: linf({ range, scale: 0.5 }), skeleton: linf({ scale: large }) });
  expect(budgets.rgb).toEqual({
    norm: 'linf',
    epsilon: 2,
    unit: 'intensity',
    range: [[0, -1, 0], [[1, 1, 2]]],
    scale: 0.5,
  });
  expect(budgets.skeleton!.scale).toEqual({ shape: [16, 12], hash: expect.stringMatching(/^\d+-\d+$/) });
  expect(JSON.parse(JSON.stringify(budgets))).toEqual(budgets);
  const other = await describe({ skeleton: linf({ scale: tf.fill([16, 12], 0.25) }) });
  expect(other.budgets.skeleton!.scale).not.toEqual(budgets.skeleton!.scale);
  expect(tf.memory().numTensors - tensors).toBe(3);
});

it.each<[string, ThreatModel, string]>([
  ['a scale', { skeleton: linf({ scale: 0.02 }) }, 'skeleton linf 2 x 0.02 m'],
  [
    'a scale by channel',
    { skeleton: linf({ scale: [0.01, 0.01, 0.02] }) },
    'skeleton linf 2 x [0.01, 0.01, 0.02] m',
  ],
  [
    'many scales',
    { skeleton: linf({ scale: tf.ones([3, 3]) }) },
    'skeleton linf 2 x an array of 9 numbers m',
  ],
  ['a picture', { rgb: linf({ epsilon: 8 / 255, range: [0, 1] }) }, 'rgb linf 8/255'],
  [
    'a picture with a scale',
    { rgb: linf({ epsilon: 1, range: [0, 1], scale: 8 / 255 }) },
    'rgb linf 1 x 0.0314 intensity',
  ],
  [
    'a joint ball',
    jointBall('l2', 1, { rgb: { scale: 8 / 255 }, skeleton: {} }),
    'rgb / 0.0314 intensity + skeleton in one l2 ball of 1',
  ],
])('reads in a line: %s', async (_, threatModel, text) => {
  expect(threatModelText(await describe(threatModel))).toBe(text);
});

it.each<[string, Partial<Budget>]>([
  ['epsilon', { epsilon: tf.tensor1d([1, 2]) }],
  ['scale', { scale: tf.ones([2, 5, 3]) }],
  ['range[1]', { range: [0, [[[1]], [[2]]]] }],
  ['mask', { mask: tf.ones([2, 5, 1]) }],
])('refuses a value for each sample of a batch: %s', async (name, part) => {
  const run = describe({ skeleton: linf(part) });
  await expect(run).rejects.toThrow(TrainOptionError);
  await expect(run).rejects.toThrow(`threatModel.skeleton.${name}: got a value for each sample`);
});
