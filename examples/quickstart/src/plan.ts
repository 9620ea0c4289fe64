import { join } from 'node:path';
import type { Job as PlainJob } from '@amr/example-jobs';
import type { Settings } from './settings.js';

/** The defences that are compared, in the order of the table. */
export const DEFENCES = ['undefended', 'pgd-at', 'amr-at'] as const;
export type Defence = (typeof DEFENCES)[number];

/** One piece of work for one worker. Its result is a file, so that finished work is never done again. */
export type Job = PlainJob &
  (
    | { readonly kind: 'train'; readonly defence: Defence; readonly seed: number }
    | { readonly kind: 'evaluate'; readonly defence: Defence; readonly seed: number; readonly shard: Shard }
    | { readonly kind: 'curve'; readonly defence: Defence; readonly seed: number }
    | { readonly kind: 'examples'; readonly seed: number }
  );
/** Part `index`, from 0, of an evaluation in `count` parts. */
interface Shard {
  readonly index: number;
  readonly count: number;
}

const folderOf = (out: string, defence: Defence, seed: number): string => join(out, `${defence}-seed${seed}`);
export const checkpointOf = (out: string, defence: Defence, seed: number): string =>
  join(folderOf(out, defence, seed), 'checkpoint.safetensors');

/** The file that holds a job's result. */
export function resultOf(out: string, job: Job): string {
  switch (job.kind) {
    case 'train':
      return join(folderOf(out, job.defence, job.seed), 'trained.json');
    case 'evaluate':
      return join(
        folderOf(out, job.defence, job.seed),
        `robustness-${job.shard.index + 1}of${job.shard.count}.json`,
      );
    case 'curve':
      return join(folderOf(out, job.defence, job.seed), 'curve.json');
    case 'examples':
      return join(out, `examples-seed${job.seed}.json`);
  }
}

/**
 * All jobs of a run: train every defence with every seed, attack each model in shards, sweep epsilon and
 * attack some example clips for the first seed. `work` counts passes of one clip through the network, forward and backward,
 * and serves only for the estimate of the time left.
 */
export function plan(settings: Settings, sizes: { train: number; test: number }): Job[] {
  const { training, evaluation, seeds } = settings;
  const testClips = Math.min(sizes.test, evaluation.samples ?? sizes.test);
  const jobs: Job[] = [];
  for (const seed of seeds) {
    // The longest first: two workers then end at about the same time.
    for (const defence of [...DEFENCES].reverse()) {
      const steps = defence === 'undefended' ? 0 : training.attackSteps;
      const train = `train ${defence} seed ${seed}`;
      jobs.push({
        id: train,
        after: [],
        work: sizes.train * training.epochs * (1.5 + steps),
        kind: 'train',
        defence,
        seed,
      });
      const { samples = 0, queries = 0 } = evaluation.checks ?? {};
      for (let index = 0; index < evaluation.shards; index++) {
        jobs.push({
          id: `attack ${defence} seed ${seed}, shard ${index + 1} of ${evaluation.shards}`,
          after: [train],
          // The first shard runs the checks: the attack, again at half the budget, twice at a large one, and queries.
          work:
            (testClips / evaluation.shards) * 2.2 * evaluation.steps +
            (index === 0 ? samples * (4 * 2.2 * evaluation.steps + queries) : 0),
          kind: 'evaluate',
          defence,
          seed,
          shard: { index, count: evaluation.shards },
        });
      }
      if (seed === seeds[0] && evaluation.curve.samples > 0) {
        jobs.push({
          id: `sweep ${defence} seed ${seed}`,
          after: [train],
          work: evaluation.curve.samples * evaluation.curve.scales.length * 2.2 * evaluation.curve.steps,
          kind: 'curve',
          defence,
          seed,
        });
      }
    }
  }
  const seed = seeds[0]!;
  jobs.push({
    id: 'modality weights and pictures',
    after: [`train amr-at seed ${seed}`, `train undefended seed ${seed}`],
    work: evaluation.examples.pictures * 2 * evaluation.steps,
    kind: 'examples',
    seed,
  });
  return jobs;
}
