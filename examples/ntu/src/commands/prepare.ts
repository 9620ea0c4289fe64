import { mergePrepared, type Prepared, prepare } from '@amr/datasets/node';
import { countOption, display, stopSignal } from '@amr/example-jobs';
import { Command } from 'commander';
import { dryRun } from '../dryRun/dryRun.js';
import { prepareOptions } from '../prepareOptions.js';
import { type CommonFlags, type Run, runOf, withCommonOptions } from '../run.js';

/** Options of `prepare`, in addition to the run's settings. */
export interface PrepareFlags {
  /** Threads that read. Default: one for each core. */
  workers?: number;
  /** Skip samples that can't be read, instead of failing. */
  skipDamaged?: boolean;
  /** Merge the shards that other machines have prepared. */
  merge?: boolean;
}

/** `ntu prepare`: writes the data set's files as shards, by the settings. */
export const prepareCommand = (): Command =>
  withCommonOptions(new Command('prepare').description("writes the data set's files as prepared shards"))
    .option('--workers <count>', 'threads that read (default: one for each core)', countOption(0))
    .option('--skip-damaged', 'skip clips that cannot be read, and list them in the manifest')
    .option('--merge', 'merge what machines with --shard have prepared')
    .action(async (flags: CommonFlags & PrepareFlags) => {
      const run = runOf(flags);
      if (flags.dryRun) return dryRun(run, flags);
      const finished = await prepareData(run, { ...flags, signal: stopSignal() });
      if (!finished) process.exitCode = 130;
    });

/**
 * Prepares the data of a run, or a shard of it, with progress on the terminal.
 * @returns false when it was stopped before the end; the same command resumes it
 */
export async function prepareData(
  run: Run,
  { workers, skipDamaged, merge, signal }: PrepareFlags & { signal: AbortSignal },
): Promise<boolean> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  if (merge) {
    const { counts } = await mergePrepared(run.prepared);
    say(`${run.prepared}: ${counts.samples} clips in ${counts.shards} shards`);
    return true;
  }
  const { dataset } = run.settings;
  const state = { fraction: 0, seconds: undefined as number | undefined };
  const job = { id: `prepare ${dataset.title}`, after: [], work: 1 };
  const show = display(progressOf(state));
  const start = performance.now();
  show.start(job);
  try {
    const { shard, prepared } = run;
    const result = await prepare(dataset.format, prepareOptions(run), {
      out: prepared,
      ...(shard && { shard }),
      ...(workers !== undefined && { workers }),
      ...(skipDamaged && { skipDamaged }),
      finish: signal,
      log: show.log,
      onProgress: ({ done, total, remaining, damaged }) => {
        state.fraction = total > 0 ? done / total : 1;
        state.seconds = remaining;
        show.update(job, {
          done,
          total: Math.max(total, 1),
          text: `${done} of ${total} clips${damaged > 0 ? `, ${damaged} damaged` : ''}`,
        });
      },
    });
    state.fraction = 1;
    show.end(job, (performance.now() - start) / 1000);
    for (const line of outcome(result, run)) show.log(line);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    show.close();
  }
}

/** The estimate that the display shows, which `prepare` makes. */
const progressOf = (state: { fraction: number; seconds: number | undefined }) => ({
  record: () => {},
  get fraction() {
    return state.fraction;
  },
  get seconds() {
    return state.seconds;
  },
});

function outcome({ manifest, samples, damaged, shards }: Prepared, { prepared, shard }: Run): string[] {
  const lines = damaged.map(({ id, reason }) => `skipped: ${id}: ${reason}`);
  const prefix = shard && shard.count > 1 ? `shard ${shard.index + 1}/${shard.count}: ` : '';
  lines.push(`${prefix}${samples} clips in ${shards} shards, ${prepared}`);
  if (!manifest)
    lines.push("When all shards are prepared, merge them: 'prepare --merge' with the same options.");
  return lines;
}
