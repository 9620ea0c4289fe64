import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mixSeed } from './hash.js';

it('gives positive 31-bit seeds that differ when any part differs', () => {
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 40; epoch++) {
    for (let batch = 0; batch < 40; batch++) {
      for (const purpose of [1, 2, 3]) seen.add(mixSeed(7, purpose, epoch, batch));
    }
  }
  // 4800 draws out of 2^31: a collision has a chance of half a percent; these have none.
  expect(seen.size).toBe(4800);
  fc.assert(
    fc.property(fc.array(fc.integer()), (parts) => {
      const seed = mixSeed(...parts);
      expect(seed).toBeGreaterThan(0);
      expect(seed).toBeLessThan(2 ** 31);
      expect(mixSeed(...parts)).toBe(seed);
    }),
  );
});
