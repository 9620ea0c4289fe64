import { jointBall, pgd } from '@amr/attacks';
import { randomFrom } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type AttackContext, cycleAttacks, sampleAttacks, TrainOptionError } from '../index.js';
import { chooserOf, describeAttack } from './attackChoice.js';

const a = pgd({ rgb: { norm: 'linf', epsilon: 1 } });
const b = pgd({ rgb: { norm: 'linf', epsilon: 2 } });
const at = (step: number, random = () => 0): AttackContext => ({
  epoch: 0,
  batch: step,
  step,
  steps: 10,
  random,
});

it('uses attacks in turn', () => {
  const choose = cycleAttacks([a, b]);
  expect([0, 1, 2, 3].map((step) => choose(at(step)))).toEqual([a, b, a, b]);
  expect(chooserOf([a, b])(at(1))).toBe(b);
});

it('samples attacks by their weights', () => {
  const choose = sampleAttacks([a, b], [1, 3]);
  const random = randomFrom(1);
  const sampled = [...Array(2000).keys()].map(() => choose(at(0, random)));
  expect(sampled.filter((attack) => attack === a).length / 2000).toBeCloseTo(0.25, 1);
  expect(sampleAttacks([a, b], [1, 0])(at(0, () => 1 - 2 ** -32))).toBe(a);
});

it('labels differ between threat models', () => {
  const labels = [a, b].map(describeAttack);
  expect(labels[0]).not.toBe(labels[1]);
  expect(describeAttack(pgd(jointBall('l2', 1, { rgb: { scale: 2 } })))).toContain('"scale":2');
  const mask = tf.ones([2]);
  expect(describeAttack(pgd({ rgb: { norm: 'l2', epsilon: 1, mask } }))).toContain('tensor[2]');
  expect(describeAttack(pgd({ rgb: { norm: 'l2', epsilon: 1, mask: (x) => x } }))).toContain(
    '"mask":"function"',
  );
  mask.dispose();
});

it('keeps the labels that checkpoints hold', () => {
  expect(cycleAttacks([a, b]).label).toMatch(/^in turn: pgd .*"epsilon":1.*, pgd .*"epsilon":2/);
  expect(sampleAttacks([a, b], [1, 3]).label).toMatch(/^at random: 1 pgd .*, 3 pgd /);
});

it('refuses empty lists, and weights that do not match them', () => {
  expect(() => cycleAttacks([])).toThrow(TrainOptionError);
  expect(() => sampleAttacks([a], [1, 2])).toThrow(
    /^sampleAttacks.weights: got \[1, 2\]; expected 1 numbers/,
  );
  expect(() => sampleAttacks([a], [0])).toThrow(TrainOptionError);
  expect(() => sampleAttacks([a, b], [2, -1])).toThrow(TrainOptionError);
});
