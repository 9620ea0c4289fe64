import type { Classifier } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { attackOf } from '../attacks.js';
import type { AttackSettings } from '../settings/settings.js';
import { attackPasses } from './attackPasses.js';

beforeAll(() => tf.setBackend('cpu'));

const CLASSES = 5;
const title = 'an attack';
const short = { steps: 4, targetClasses: 2, queries: 12 };

it.each<AttackSettings>([
  { attack: 'fgsm', title },
  { attack: 'pgd', title, steps: 7 },
  { attack: 'pgd', title, steps: 3, restarts: 2, loss: 'cw' },
  { attack: 'mifgsm', title, steps: 6 },
  { attack: 'apgd', title, steps: 9 },
  { attack: 'apgd', title, steps: 5, restarts: 2, targetClasses: 3, loss: 'dlr' },
  { attack: 'square', title, queries: 25 },
  { attack: 'noise', title, repeats: 3 },
  { attack: 'noise', title },
  { attack: 'autoAttack', title, version: 'standard', short },
])('counts the passes of $attack on a clip that stays robust: %j', async (settings) => {
  const calls = { count: 0 };
  const weights = tf.tensor2d([
    [9, 0, 0, 0, 0],
    [0, 1, 2, 3, 4],
    [0, 1, -1, 2, -2],
  ]);
  const classifier: Classifier = ({ x }) => {
    calls.count++;
    return tf.matMul(x as tf.Tensor2D, weights);
  };
  const attack = attackOf(settings)({ x: { norm: 'linf', epsilon: 1e-4 } });
  await attack.perturb(classifier, { x: tf.tensor2d([[1, 0.1, 0.2]]) }, tf.tensor1d([0], 'int32'), {
    seed: 1,
  });
  const { forward, gradient } = attackPasses(settings, CLASSES);
  // The ensemble predicts the clean clip once, and compares its attacks' results with one more pass.
  const around = settings.attack === 'autoAttack' ? 6 : 0;
  expect(calls.count - forward - gradient).toBeLessThanOrEqual(around);
  expect(calls.count - forward - gradient).toBeGreaterThanOrEqual(-1);
});

it('counts AutoAttack as the README of @amr/attacks does', () => {
  const { forward, gradient } = attackPasses({ attack: 'autoAttack', title, version: 'standard' }, 60);
  expect(gradient).toBe(100 + 200 * 9);
  expect(forward + gradient).toBe(5103 + 306 * 9);
});
