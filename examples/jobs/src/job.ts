/** One piece of work for one worker. */
export interface Job {
  /** Unlike any other's; people read it. */
  readonly id: string;
  /** Ids of the jobs that must be done before. */
  readonly after: readonly string[];
  /** How much work it is, in any unit that all jobs share: for the estimate of the time left. */
  readonly work: number;
}

/** What a job says of itself while it is worked on. */
export interface Progress {
  done: number;
  total: number;
  text: string;
}
