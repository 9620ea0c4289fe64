import { expect, it } from 'vitest';
import { countOption } from './countOption.js';

it('parses whole numbers, and refuses others with the smallest that is allowed', () => {
  expect(countOption(1)('12')).toBe(12);
  expect(countOption(0)('0')).toBe(0);
  expect(() => countOption(1)('0')).toThrow('Got 0; expected a whole number from 1.');
  for (const text of ['-1', '1.5', 'many']) {
    expect(() => countOption(0)(text)).toThrow(`Got ${text}; expected a whole number from 0.`);
  }
});
