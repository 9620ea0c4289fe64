/** How far a piece of work is. */
export interface Progress {
  /** Items that are done. */
  done: number;
  /** Items in all. */
  total: number;
  /** Seconds since the work started, or since it was resumed. */
  elapsed: number;
  /** Seconds left at the speed so far; undefined until the first item is done. */
  remaining: number | undefined;
}

/**
 * Starts a clock.
 * @param doneBefore items that were done before the clock started: they tell nothing about the speed
 * @returns a function that gives the progress when so many of so many items are done
 */
export function progressClock(doneBefore = 0): (done: number, total: number) => Progress {
  const start = performance.now();
  return (done, total) => {
    const elapsed = (performance.now() - start) / 1000;
    const here = done - doneBefore;
    const remaining = done >= total ? 0 : here > 0 ? (elapsed / here) * (total - done) : undefined;
    return { done, total, elapsed, remaining };
  };
}
