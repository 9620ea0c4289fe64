import { expect, it } from 'vitest';
import { loadOfOthers, processorTime } from './otherLoad.js';

it('is what is busy beyond the own time, as a share of all processors', () => {
  const before = { busy: 1000, idle: 5000 };
  expect(loadOfOthers(before, { busy: 1800, idle: 5200 }, 800)).toBe(0);
  expect(loadOfOthers(before, { busy: 1800, idle: 5200 }, 300)).toBe(0.5);
  // The clock of processors ticks in steps of 10 ms: the own time may be more than what was busy.
  expect(loadOfOthers(before, { busy: 1790, idle: 5200 }, 800)).toBe(0);
  expect(loadOfOthers(before, before, 0)).toBe(0);
});

it('reads the time of all processors, which grows', async () => {
  const before = processorTime();
  const start = performance.now();
  while (performance.now() - start < 60);
  const after = processorTime();
  expect(after.busy).toBeGreaterThan(before.busy);
  expect(after.idle).toBeGreaterThanOrEqual(before.idle);
});
