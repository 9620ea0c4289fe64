import type { NormName } from '@amr/attacks';

/** A ball around a point of a linear function. */
interface LinearBall {
  norm: NormName;
  /** Length of a perturbation of size 1. */
  unit: number;
  /** How the function rises with each entry. */
  slopes: readonly number[];
  /** How far each entry can move in the direction in which the function rises. */
  slacks: readonly number[];
}

/**
 * The smallest size, the largest share of a unit over the balls, at which a linear function can have risen by `rise`;
 * Infinity if it can't. By bisection, in double precision, sharing nothing with the code under test.
 */
export function smallestSize(balls: readonly LinearBall[], rise: number): number {
  const reached = (size: number) =>
    balls.reduce((sum, ball) => sum + maximumOf(ball, size * ball.unit), 0) >= rise;
  let [low, high] = [0, 1e9];
  if (!reached(high)) return Infinity;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** How much the function can rise in the ball's part of the box. */
function maximumOf({ norm, slopes, slacks }: LinearBall, radius: number): number {
  const entries = slopes.map((slope, i) => ({ weight: Math.abs(slope), slack: slacks[i]! }));
  switch (norm) {
    case 'linf':
      return entries.reduce((sum, { weight, slack }) => sum + weight * Math.min(slack, radius), 0);
    case 'l1': {
      let left = radius;
      let sum = 0;
      for (const { weight, slack } of entries.sort((a, b) => b.weight - a.weight)) {
        const used = Math.min(slack, left);
        sum += weight * used;
        left -= used;
      }
      return sum;
    }
    case 'l2': {
      const at = (k: number) => entries.map(({ weight, slack }) => Math.min(slack, k * weight));
      let [low, high] = [0, 1e12 / Math.max(...slopes.map(Math.abs))];
      for (let i = 0; i < 100; i++) {
        const middle = (low + high) / 2;
        if (Math.hypot(...at(middle)) <= radius) low = middle;
        else high = middle;
      }
      return at(low).reduce((sum, step, i) => sum + step * entries[i]!.weight, 0);
    }
  }
}
