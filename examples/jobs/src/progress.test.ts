import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Job } from './job.js';
import { duration, TimeLeft } from './progress.js';

const job = (id: string, work: number): Job => ({ id, after: [], work });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('formats durations as people say them', () => {
  expect([4.4, 75, 7325].map(duration)).toEqual(['4 s', '1 min 15 s', '2 h 2 min']);
});

it('has no estimate before any work is done', () => {
  const left = new TimeLeft([job('a', 10)], () => false);
  vi.advanceTimersByTime(60_000);
  expect(left.seconds).toBeUndefined();
});

it('measures the speed of this run alone: finished jobs and the start of a resumed one do not count', () => {
  const [done, resumed] = [job('done', 70), job('resumed', 100)];
  const left = new TimeLeft([done, resumed], ({ id }) => id === 'done');
  left.record(resumed, 0.5);
  vi.advanceTimersByTime(10_000);
  left.record(resumed, 0.75);
  expect(left.fraction).toBeCloseTo(145 / 170);
  // 25 units in 10 s; 25 are left.
  expect(left.seconds).toBeCloseTo(10);
});
