/** A request to a runner, as a line of JSON. */
export interface Request {
  /** Runs are repeated until they have taken so many milliseconds. */
  atLeast: number;
  /** Whether to return values of the run. */
  compare: boolean;
}

/** A runner's answer, as a line of JSON: first that it is ready, then one for each request. */
export type Answer = Ready | Ran | Failed;

/** Ready for requests. */
export interface Ready {
  /** Bytes of memory before the network and its samples. */
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
  /** Peak memory of the process so far, in bytes. */
  peak: number;
  /** Bytes on a device with its own memory. */
  device?: number;
  /** Some of the values that a run computed: see {@link compared}. */
  values?: number[];
}

/** The request failed. */
export interface Failed {
  /** Why. */
  error: string;
}

/** At most so many values are compared, evenly spaced. */
const COMPARED = 500;

/** The computed values that runners compare. */
export function compared(values: ArrayLike<number>): number[] {
  const step = Math.max(1, Math.floor(values.length / COMPARED));
  return Array.from({ length: Math.min(values.length, COMPARED) }, (_, i) => values[i * step]!);
}

/** How results are compared: by the value that differs most, or by the length of the difference, in l2. */
export type Measure = 'value' | 'length';

/** Difference of two lists, relative to the largest value, or to the length, of the first. */
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
