import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { seeds } from './seeds.js';

it.each([0, 1, -1])('gives different seeds from %i on, none of which tfjs takes for no seed', (seed) => {
  const next = seeds(seed);
  const given = Array.from({ length: 1100 }, () => next()!);
  expect(new Set(given).size).toBe(given.length);
  for (const one of given.slice(0, 3)) {
    const draw = () => [...tf.randomNormal([4], 0, 1, 'float32', one).dataSync()];
    expect(draw()).toEqual(draw());
  }
  expect(given.every(Boolean)).toBe(true);
});

it('gives undefined without a seed to start from', () => {
  expect(seeds(undefined)()).toBeUndefined();
});
