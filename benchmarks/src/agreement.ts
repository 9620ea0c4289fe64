import type { Entry } from './measure.js';
import { difference } from './protocol.js';
import { type Task, type TaskName, tasks } from './tasks.js';

/** Whether contestants computed the same at a task. */
export interface Agreement {
  /** Whom the others are compared with. */
  with: string;
  /** Largest difference of each other one, relative to the largest value. */
  differences: { [contestant: string]: number };
  /** The largest that is allowed. */
  tolerance: number;
  /** Those that differ by more. */
  wrong: string[];
}

/**
 * Compares what contestants computed: the proof that their networks, weights and attacks are the same.
 * @param reference who is right, if it was measured; otherwise the first that was
 * @returns undefined where there is nothing to compare
 */
export function agreementOf(
  task: TaskName,
  entries: readonly Entry[],
  reference?: string,
): Agreement | undefined {
  const { tolerance }: Task = tasks[task];
  const told = entries.filter(({ values }) => values);
  const right = told.find(({ contestant }) => contestant === reference) ?? told[0];
  const others = told.filter((entry) => entry !== right);
  if (!right || others.length === 0 || tolerance === undefined) return undefined;
  const differences = Object.fromEntries(
    others.map(({ contestant, values }) => [contestant, difference(right.values!, values!)]),
  );
  const wrong = Object.keys(differences).filter((name) => !(differences[name]! <= tolerance));
  return { with: right.contestant, differences, tolerance, wrong };
}
