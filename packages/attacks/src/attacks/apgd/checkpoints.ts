/**
 * The checkpoints of Auto-PGD (Croce and Hein 2020, section 3.3): ceil(p_j N) with p_0 = 0, p_1 = 0.22
 * and p_{j+1} = p_j + max(p_j - p_{j-1} - 0.03, 0.06); of 100 steps 22, 41, 57, 70, 80, 87, 93 and 99.
 * The AutoAttack repository rounds each interval down instead, which is the same for N = 100.
 * @param steps N, 1 or more
 * @returns numbers of steps, rising, each once, at most N
 */
export function checkpoints(steps: number): number[] {
  // In hundredths: 0.22 + 0.19 is not 0.41 in floating point, and would be rounded up.
  const found = new Set<number>();
  let [interval, position] = [22, 22];
  while (position <= 100) {
    found.add(Math.ceil((position * steps) / 100));
    interval = Math.max(interval - 3, 6);
    position += interval;
  }
  return [...found];
}
