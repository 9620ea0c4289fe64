/** Time used and time left of a piece of work. */
export class Stopwatch {
  readonly #start = performance.now();
  readonly #doneBefore: number;

  /** @param doneBefore units of the work that were done before the watch started */
  constructor(doneBefore = 0) {
    this.#doneBefore = doneBefore;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Seconds left at the speed so far; Infinity before the first unit is done. */
  remaining(done: number, total: number): number {
    if (done >= total) return 0;
    const here = done - this.#doneBefore;
    return here > 0 ? (this.elapsed / here) * (total - done) : Number.POSITIVE_INFINITY;
  }
}
