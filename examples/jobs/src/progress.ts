import cliProgress from 'cli-progress';
import type { Job, Progress } from './job.js';

/** "3 min 20 s", "45 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

/**
 * The time left, estimated from the work that this run has done so far: jobs that were finished earlier say nothing about
 * this machine's speed.
 */
export class TimeLeft<J extends Job = Job> {
  readonly #start = performance.now();
  readonly #fractions = new Map<string, number>();
  readonly #jobs: readonly J[];
  #earlier = 0;

  constructor(jobs: readonly J[], finished: (job: J) => boolean) {
    this.#jobs = jobs;
    for (const job of jobs) {
      if (!finished(job)) continue;
      this.#fractions.set(job.id, 1);
      this.#earlier += job.work;
    }
  }

  /**
   * Records that a fraction (0 to 1) of a job is done. What a resumed job has done by its first record is not this run's work.
   */
  record(job: Job, fraction: number): void {
    if (!this.#fractions.has(job.id)) this.#earlier += job.work * fraction;
    this.#fractions.set(job.id, Math.max(fraction, this.#fractions.get(job.id) ?? 0));
  }

  /** Fraction of all the work that is done, 0 to 1. */
  get fraction(): number {
    return this.#done / this.#total;
  }

  /** Seconds left; undefined until there is something to estimate from. */
  get seconds(): number | undefined {
    const elapsed = (performance.now() - this.#start) / 1000;
    const fresh = this.#done - this.#earlier;
    if (elapsed < 2 || fresh <= 0) return undefined;
    return ((this.#total - this.#done) / fresh) * elapsed;
  }

  get #total(): number {
    return this.#jobs.reduce((sum, job) => sum + job.work, 0);
  }

  get #done(): number {
    return this.#jobs.reduce((sum, job) => sum + job.work * (this.#fractions.get(job.id) ?? 0), 0);
  }
}

/** Shows a run: on a terminal a bar for each running job and one for the whole run, elsewhere a line now and then. */
export interface Display {
  start(job: Job): void;
  update(job: Job, progress: Progress): void;
  end(job: Job, seconds: number): void;
  log(line: string): void;
  close(): void;
}

export const display = (left: Pick<TimeLeft, 'record' | 'fraction' | 'seconds'>): Display =>
  process.stderr.isTTY ? bars(left) : lines(left);

function bars(left: Pick<TimeLeft, 'record' | 'fraction' | 'seconds'>): Display {
  const multi = new cliProgress.MultiBar(
    { format: '{bar} {percentage}% {name} {text}', hideCursor: true, clearOnComplete: true, barsize: 24 },
    cliProgress.Presets.shades_classic,
  );
  const shown = new Map<string, cliProgress.SingleBar>();
  const whole = multi.create(1000, 0, { name: 'all', text: '' });
  const refresh = () => {
    const seconds = left.seconds;
    whole.update(Math.round(left.fraction * 1000), {
      name: 'all',
      text: seconds === undefined ? 'estimating' : `about ${duration(seconds)} left`,
    });
  };
  refresh();
  return {
    start: (job) => void shown.set(job.id, multi.create(1000, 0, { name: job.id, text: '' })),
    update(job, { done, total, text }) {
      left.record(job, done / total);
      shown.get(job.id)?.update(Math.round((1000 * done) / total), { name: job.id, text });
      refresh();
    },
    end(job, seconds) {
      left.record(job, 1);
      const bar = shown.get(job.id);
      if (bar) multi.remove(bar);
      multi.log(`${job.id}: ${duration(seconds)}\n`);
      refresh();
    },
    log: (line) => multi.log(`${line}\n`),
    close: () => multi.stop(),
  };
}

function lines(left: Pick<TimeLeft, 'record' | 'fraction' | 'seconds'>): Display {
  let last = performance.now();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const remaining = () => (left.seconds === undefined ? '' : `, about ${duration(left.seconds)} left`);
  return {
    start: (job) => say(`${job.id}: started`),
    update(job, { done, total, text }) {
      left.record(job, done / total);
      if (performance.now() - last < 15_000) return;
      last = performance.now();
      say(
        `${Math.round(left.fraction * 100)} % of all${remaining()}; ${job.id}: ${Math.round((100 * done) / total)} % ${text}`,
      );
    },
    end(job, seconds) {
      left.record(job, 1);
      say(`${job.id}: done in ${duration(seconds)}${remaining()}`);
    },
    log: say,
    close: () => {},
  };
}
