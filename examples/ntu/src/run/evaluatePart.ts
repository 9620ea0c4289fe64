import { classifierOf, square } from '@amr/attacks';
import { attackProgress, checkProgress, spacedSamples } from '@amr/example-jobs';
import { evaluateRobustness, modalityWeightsOf, type RobustnessReportJson, restoreWeights } from '@amr/train';
import { fileStore } from '@amr/train/node';
import { attackOf, budgetsOf } from '../attacks.js';
import { openPart } from '../data.js';
import { buildDefence } from '../models.js';
import type { EvaluateJob } from './plan.js';
import { checkpointOf } from './runFolder.js';
import type { JobContext } from './trainNetwork.js';

/** Runs the attacks of a suite on a part of the test clips. */
export async function evaluatePart(job: EvaluateJob, context: JobContext): Promise<RobustnessReportJson> {
  const { run, out, readers, signal, report } = context;
  const { settings } = run;
  const { evaluation } = settings;
  const { network, seed, suite, part } = job;
  const { samples, attacks } = evaluation.suites[suite]!;
  const test = await openPart(settings, run.prepared, 'test', { workers: readers, signal });
  try {
    const { model } = buildDefence(settings, network, seed, test.classes.length);
    const checkpoint = await fileStore(checkpointOf(out, network, seed)).read();
    if (!checkpoint)
      throw new Error(
        `${checkpointOf(out, network, seed)}: got no such file; expected a checkpoint. Train ${network} first.`,
      );
    restoreWeights(model, checkpoint);
    const { fusion, reweighter } = settings.defences[network]!;
    const weighted = fusion === 'amr' && reweighter?.granularity !== 'channel';
    // The checks search for signs of failing attacks; once for each network is enough.
    const checks = suite === Object.keys(evaluation.suites)[0] ? evaluation.checks : undefined;
    const result = await evaluateRobustness(
      classifierOf(model, { output: 'logits' }),
      samples === 'all' ? test : test.subset(spacedSamples(test.size, samples)),
      {
        budgets: budgetsOf(settings),
        attacks: Object.fromEntries(Object.values(attacks).map((attack) => [attack.title, attackOf(attack)])),
        batchSize: evaluation.batchSize,
        stopWhenFooled: evaluation.stopWhenFooled,
        shard: part,
        seed,
        signal,
        ...(weighted && { weightsOf: modalityWeightsOf(model) }),
        ...(checks && {
          checks: {
            samples: checks.samples,
            blackBox: (threatModel) => square(threatModel, { queries: checks.queries }),
            onProgress: (check) => report(checkProgress(check)),
          },
        }),
        onProgress: (made) => report(attackProgress(made)),
      },
    );
    return result.toJSON();
  } finally {
    await test.close();
  }
}
