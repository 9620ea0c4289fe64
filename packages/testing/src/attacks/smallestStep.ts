import type { NormName } from '@amr/attacks';

/** A ball around a point of a linear function. */
export interface LinearBall {
  norm: NormName;
  /** What a size of 1 means. */
  unit: number;
  /** How the function rises with each entry. */
  slopes: readonly number[];
  /** How far each entry can go the way the function rises. */
  rooms: readonly number[];
}

/**
 * The smallest size, the largest share of a unit over the balls, at which a linear function can have risen by `rise`;
 * Infinity if it can't. By bisection, in double precision, sharing nothing with the code under test.
 */
export function smallestSize(balls: readonly LinearBall[], rise: number): number {
  const reached = (size: number) =>
    balls.reduce((sum, ball) => sum + highest(ball, size * ball.unit), 0) >= rise;
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
function highest({ norm, slopes, rooms }: LinearBall, radius: number): number {
  const entries = slopes.map((slope, i) => ({ height: Math.abs(slope), room: rooms[i]! }));
  switch (norm) {
    case 'linf':
      return entries.reduce((sum, { height, room }) => sum + height * Math.min(room, radius), 0);
    case 'l1': {
      let left = radius;
      let sum = 0;
      for (const { height, room } of entries.sort((a, b) => b.height - a.height)) {
        const used = Math.min(room, left);
        sum += height * used;
        left -= used;
      }
      return sum;
    }
    case 'l2': {
      const at = (k: number) => entries.map(({ height, room }) => Math.min(room, k * height));
      let [low, high] = [0, 1e12 / Math.max(...slopes.map(Math.abs))];
      for (let i = 0; i < 100; i++) {
        const middle = (low + high) / 2;
        if (Math.hypot(...at(middle)) <= radius) low = middle;
        else high = middle;
      }
      return at(low).reduce((sum, step, i) => sum + step * entries[i]!.height, 0);
    }
  }
}
