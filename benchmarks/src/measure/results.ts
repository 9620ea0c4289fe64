import type { TaskName } from '../networks/tasks.js';
import type { Agreement } from './agreement.js';
import type { Entry } from './measure.js';

/** A run of the benchmark: what `--json` writes. */
export interface Results {
  benchmark: 'networks';
  /** When it started, ISO 8601. */
  date: string;
  /** The machine and the versions of everything that computes. */
  about: { [what: string]: string };
  /** The measured runners, in the order of tables. */
  runners: string[];
  /** The runner that others are divided by. */
  reference?: string;
  /** Runners that were not measured, and why. */
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
