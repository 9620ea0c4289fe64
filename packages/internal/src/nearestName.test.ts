import { expect, it } from 'vitest';
import { nearestName } from './nearestName.js';

it('finds the name that a misspelt one was meant to be', () => {
  expect(nearestName('epsilonn', ['epsilon', 'steps'])).toBe('epsilon');
  expect(nearestName('rbg', ['rgb', 'skeleton'])).toBe('rgb');
  expect(nearestName('StepSize', ['stepSize'])).toBe('stepSize');
});

it('suggests no unrelated name, short ones included', () => {
  expect(nearestName('b', ['a'])).toBeUndefined();
  expect(nearestName('xy', ['ab'])).toBeUndefined();
  expect(nearestName('momentum', ['steps', 'range'])).toBeUndefined();
  expect(nearestName('a', [])).toBeUndefined();
});
