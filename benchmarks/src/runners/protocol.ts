/** What the benchmark asks of a runner, as a line of JSON. */
export interface Request {
  /** Runs are repeated until they have taken so many milliseconds. */
  atLeast: number;
  /** Whether to give what the run computed. */
  compare: boolean;
}

/** What a runner says, as a line of JSON: first that it is ready, then one answer to each request. */
export type Answer = Ready | Ran | Failed;

/** Ready for requests. */
export interface Ready {
  /** Bytes of memory before the network and its samples were there. */
  baseline: number;
  /** Versions and the like. */
  about?: { [what: string]: string };
}

/** Runs have been done. */
export interface Ran {
  /** Mean time of a run, by the wall clock. */
  milliseconds: number;
  /** Mean time of a run on all processors together, in milliseconds. */
  processor: number;
  /** Number of runs. */
  runs: number;
  /** The most memory that the process has taken so far, in bytes. */
  peak: number;
  /** Bytes on a device with a memory of its own. */
  device?: number;
  /** Some of the values that a run computed: see {@link compared}. */
  values?: number[];
}

/** It could not be done. */
export interface Failed {
  /** Why. */
  error: string;
}

/** At most so many values are compared, evenly spaced. */
const COMPARED = 500;

/** Some of the computed values: those that runners tell each other. */
export function compared(values: ArrayLike<number>): number[] {
  const step = Math.max(1, Math.floor(values.length / COMPARED));
  return Array.from({ length: Math.min(values.length, COMPARED) }, (_, i) => values[i * step]!);
}

/** How results are compared: by the value that differs most, or by the length of the difference, in l2. */
export type Measure = 'value' | 'length';

/** How far two lists are apart, in units of the largest value, or of the length, of the first. */
export function difference(
  values: readonly number[],
  others: readonly number[],
  measure: Measure = 'value',
): number {
  if (values.length !== others.length) return Number.POSITIVE_INFINITY;
  const size = (list: readonly number[]) =>
    measure === 'length' ? Math.hypot(...list) : Math.max(...list.map(Math.abs));
  const apart = size(values.map((value, i) => value - others[i]!)) / (size(values) || 1);
  return Number.isFinite(apart) ? apart : Number.POSITIVE_INFINITY;
}
