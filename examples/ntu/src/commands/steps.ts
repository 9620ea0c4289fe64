import { countOption, stopSignal } from '@amr/example-jobs';
import { Command, Option } from 'commander';
import { dryRun } from '../dryRun/dryRun.js';
import { countClips } from '../run/countClips.js';
import { claim, type RunRecord, refuseOther } from '../run/runFolder.js';
import { type CommonFlags, type Run, runOf, withCommonOptions } from '../run.js';
import { evaluate } from './evaluate.js';
import { merge } from './merge.js';
import { prepareData } from './prepare.js';
import { report } from './report.js';
import { stopped } from './stopped.js';
import { type TrainOptions, train } from './train.js';

interface WorkFlags extends CommonFlags {
  workers?: number;
  stage?: TrainOptions['stage'];
  skipDamaged?: boolean;
}

const say = (line: string) => process.stderr.write(`${line}\n`);

/** A command on a run; --dry-run does the same for all. `work` resolves to false when it was stopped. */
const step = (
  name: string,
  description: string,
  work: (run: Run, flags: WorkFlags, signal: AbortSignal) => Promise<boolean>,
): Command =>
  withCommonOptions(new Command(name).description(description)).action(async (flags: WorkFlags) => {
    const run = runOf(flags);
    if (flags.dryRun) return dryRun(run, flags);
    if (!(await work(run, flags, stopSignal()))) stopped();
  });

const workers = () =>
  new Option('--workers <count>', "jobs at once (default: the preset's, or one for each core)").argParser(
    countOption(1),
  );

/** `ntu train`: each stream alone, then the two-stream networks. */
export const trainCommand = (): Command =>
  step('train', 'trains the streams by themselves, then the two-stream networks', trainStep)
    .addOption(
      new Option('--stage <stage>', 'only these; needed with --shard').choices(['streams', 'networks']),
    )
    .addOption(workers());

/** `ntu evaluate`: attacks the two-stream networks. */
export const evaluateCommand = (): Command =>
  step('evaluate', 'attacks the two-stream networks', evaluateStep).addOption(workers());

/** `ntu merge`: merges the parts of evaluations. */
export const mergeCommand = (): Command =>
  step('merge', 'merges the shards of an evaluation', async (run) => {
    const { record, test } = await begin(run);
    say(`${await merge(record, run.out, test)} evaluations merged in ${run.out}`);
    return true;
  });

/** `ntu report`: the tables and pages. */
export const reportCommand = (): Command =>
  step('report', 'compares the networks: tables, JSON and pages', reportStep);

/** `ntu run`: everything in order. */
export const runCommand = (): Command =>
  step(
    'run',
    'prepares, trains, evaluates, merges and reports; finished steps are skipped',
    async (run, flags, signal) => {
      if (run.shard) {
        throw new Error(
          `--shard: got ${run.shard.index + 1}/${run.shard.count}; expected none, since 'run' does everything. Use the steps prepare, train and evaluate with --shard.`,
        );
      }
      refuseOther(run);
      const prepared = await prepareData(run, { skipDamaged: flags.skipDamaged, signal });
      if (!prepared) return false;
      if (!(await trainStep(run, flags, signal))) return false;
      if (!(await evaluateStep(run, flags, signal))) return false;
      const { record, test } = await begin(run);
      await merge(record, run.out, test);
      return reportStep(run);
    },
  )
    .option('--skip-damaged', 'skip clips that cannot be read, and list them in the manifest')
    .addOption(workers());

/** Claims the folder of results, unless it or the prepared data belongs to another run; then both stay as they are. */
async function begin(run: Run): Promise<{ record: RunRecord; train: number; test: number }> {
  refuseOther(run);
  const clips = await countClips(run);
  return { record: await claim(run), ...clips };
}

async function trainStep(run: Run, flags: WorkFlags, signal: AbortSignal): Promise<boolean> {
  const { record, train: clips } = await begin(run);
  const { shard, settings, out } = run;
  return train(record, out, {
    clips,
    stage: flags.stage,
    shard,
    workers: flags.workers ?? settings.jobs,
    signal,
  });
}

async function evaluateStep(run: Run, flags: WorkFlags, signal: AbortSignal): Promise<boolean> {
  const { record, test: clips } = await begin(run);
  const { shard, settings, out } = run;
  return evaluate(record, out, { clips, shard, workers: flags.workers ?? settings.jobs, signal });
}

async function reportStep(run: Run): Promise<boolean> {
  const { text, files } = await report(await claim(run), run.out);
  process.stdout.write(`${text}\n`);
  say(`\n${files.join('\n')}`);
  return true;
}
