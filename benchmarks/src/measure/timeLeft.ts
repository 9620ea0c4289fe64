/** Overhead of a job, as a fraction of the mean cost: programs start and load. */
const OVERHEAD = 0.2;

/** Progress of a list of jobs with known relative costs, and an estimate of the time left. */
export class TimeLeft {
  readonly #costs: readonly number[];
  readonly #now: () => number;
  readonly #start: number;
  #finished = 0;

  /** @param now milliseconds; default the wall clock */
  constructor(costs: readonly number[], now: () => number = () => performance.now()) {
    const mean = sum(costs) / costs.length;
    this.#costs = costs.map((cost) => cost + OVERHEAD * mean);
    this.#now = now;
    this.#start = now();
  }

  /** The next job in the list is done. */
  done(): void {
    this.#finished++;
  }

  /** The number of the current job, and an estimate once one is done. */
  text(): string {
    const place = `[${this.#finished + 1}/${this.#costs.length}]`;
    if (this.#finished === 0) return place;
    const behind = sum(this.#costs.slice(0, this.#finished));
    const ahead = sum(this.#costs.slice(this.#finished));
    const minutes = (((this.#now() - this.#start) / behind) * ahead) / 60_000;
    return `${place} about ${minutes < 1 ? `${Math.ceil(minutes * 60)} s` : `${Math.round(minutes)} min`} left;`;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
