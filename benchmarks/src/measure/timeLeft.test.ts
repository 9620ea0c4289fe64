import { expect, it } from 'vitest';
import { TimeLeft } from './timeLeft.js';

it('estimates the rest from what the jobs before it took', () => {
  let now = 0;
  const left = new TimeLeft([10, 10, 40], () => now);
  expect(left.text()).toBe('[1/3]');
  now = 30_000;
  left.done();
  // Costs of 14, 14 and 44 with the overhead of starting: 30 s for 14 are 124 s for 58.
  expect(left.text()).toBe('[2/3] about 2 min left;');
  now = 60_000;
  left.done();
  expect(left.text()).toBe('[3/3] about 2 min left;');
  now = 61_000;
  left.done();
  expect(left.text()).toMatch(/about 0 s/);
});
