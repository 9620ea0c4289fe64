import type { TaskName } from '../networks/tasks.js';
import type { Agreement } from './agreement.js';
import type { Entry } from './measure.js';

/** A run of the benchmark: what `--json` writes. */
export interface Results {
  benchmark: 'networks';
  /** When it began, ISO 8601. */
  date: string;
  /** The machine and the versions of everything that computes. */
  about: { [what: string]: string };
  /** Who was measured, in the order of tables. */
  runners: string[];
  /** The one that others are divided by. */
  reference?: string;
  /** Who was not, and why. */
  absent: { [runner: string]: string };
  rounds: number;
  rows: Row[];
}

/** A task of a case. */
export interface Row {
  case: { name: string; title: string; batch: number; multiplyAdds: number };
  task: TaskName;
  entries: Entry[];
  agreement?: Agreement;
}
