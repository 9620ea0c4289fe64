import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { jobsAtOnce } from './runJobs.js';

it('as many jobs run at once as there are cores, not as there are jobs', () => {
  expect(jobsAtOnce(1000)).toBe(availableParallelism());
  expect(jobsAtOnce(1)).toBe(1);
  expect(jobsAtOnce(1000, 3)).toBe(3);
  expect(jobsAtOnce(2, 3)).toBe(2);
});
