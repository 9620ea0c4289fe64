import { type Task, type TaskName, tasks } from '../networks/tasks.js';
import { difference } from '../runners/protocol.js';
import type { Entry } from './measure.js';

/** Whether runners computed the same in a task. */
export interface Agreement {
  /** The runner that the others are compared with. */
  with: string;
  /** Difference of each other runner, in the task's measure. */
  differences: { [runner: string]: number };
  /** The largest allowed difference. */
  tolerance: NonNullable<Task['tolerance']>;
  /** Runners that differ by more. */
  wrong: string[];
}

/**
 * Compares what runners computed: the proof that their networks, weights and attacks are the same.
 * @param reference the runner that counts as right, if it was measured; otherwise the first that was
 * @returns undefined where there is nothing to compare
 */
export function agreementOf(
  task: TaskName,
  entries: readonly Entry[],
  reference?: string,
): Agreement | undefined {
  const { tolerance }: Task = tasks[task];
  const measured = entries.filter(({ values }) => values);
  const right = measured.find(({ runner }) => runner === reference) ?? measured[0];
  const others = measured.filter((entry) => entry !== right);
  if (!right || others.length === 0 || tolerance === undefined) return undefined;
  const differences = Object.fromEntries(
    others.map(({ runner, values }) => [runner, difference(right.values!, values!, tolerance.measure)]),
  );
  const wrong = Object.keys(differences).filter((name) => !(differences[name]! <= tolerance.max));
  return { with: right.runner, differences, tolerance, wrong };
}
