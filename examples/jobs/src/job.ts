/** One piece of work for one worker. */
export interface Job {
  /** Unique; shown to people. */
  readonly id: string;
  /** Ids of the jobs that must be finished before. */
  readonly after: readonly string[];
  /** How much work it is, in any unit that all jobs share, for the estimate of the time left. */
  readonly work: number;
}

/** The progress of a running job. */
export interface Progress {
  done: number;
  total: number;
  text: string;
}
