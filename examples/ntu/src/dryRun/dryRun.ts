import { stopSignal } from '@amr/example-jobs';
import type { CommonFlags, Run } from '../run.js';
import { describe } from './describe.js';
import { planRun } from './planRun.js';

/** Prints what a run needs, as tables, or with `--json` as JSON. */
export async function dryRun(run: Run, flags: Pick<CommonFlags, 'json' | 'measure'>): Promise<void> {
  const result = await planRun(run, {
    measure: flags.measure,
    signal: stopSignal(),
    onStart: (network) => process.stderr.write(`measuring ${network}\n`),
  });
  process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result, run));
}
