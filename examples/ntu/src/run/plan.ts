import type { Shard } from '@amr/datasets/node';
import type { Job } from '@amr/example-jobs';
import { attackPasses } from '../dryRun/attackPasses.js';
import type { Settings, StreamName } from '../settings/settings.js';

/** Training of one network with one seed. */
export interface TrainJob extends Job {
  readonly kind: 'train';
  /** Name of the network's folder: that of a stream or of a defence. */
  readonly network: string;
  /** The stream that is trained by itself; absent: a two-stream network, started from the streams' weights. */
  readonly stream?: StreamName;
  readonly seed: number;
}

/** A part of the attacks of a suite on one network. */
export interface EvaluateJob extends Job {
  readonly kind: 'evaluate';
  /** Name of the defence. */
  readonly network: string;
  readonly seed: number;
  readonly suite: string;
  readonly part: Shard;
}

export type RunJob = TrainJob | EvaluateJob;

export const STREAMS: readonly StreamName[] = ['video', 'skeleton'];

/** Most parts of one evaluation: a stopped run repeats at most one of them, and a machine gets at least one. */
const PARTS = 32;

/** Each stream alone, then the two-stream networks, for every seed. */
export function trainJobs(settings: Settings, clips: number): TrainJob[] {
  const { training, defences, seeds, dataset } = settings;
  const passes = clips * dataset.passes;
  return seeds.flatMap((seed) => {
    const streams = STREAMS.map((stream): TrainJob => {
      const id = `train ${stream}, seed ${seed}`;
      const work = training[stream].epochs * passes * 1.5;
      return { kind: 'train', id, after: [], work, network: stream, stream, seed };
    });
    const after = streams.map(({ id }) => id);
    const networks = Object.entries(defences).map(([network, { adversarial }]): TrainJob => {
      const steps = adversarial ? training.joint.attack.steps : 0;
      const work = training.joint.epochs * passes * (1.5 + steps);
      return { kind: 'train', id: `train ${network}, seed ${seed}`, after, work, network, seed };
    });
    // The longest first: workers then end at about the same time.
    return [...streams, ...networks.sort((a, b) => b.work - a.work)];
  });
}

/**
 * Every suite on every two-stream network, in parts. The parts depend on the settings and the number of test clips only, so
 * that any division of them among machines gives the same files.
 */
export function evaluateJobs(settings: Settings, clips: number): EvaluateJob[] {
  const { evaluation, defences, seeds, dataset } = settings;
  return seeds.flatMap((seed) =>
    Object.keys(defences).flatMap((network) =>
      Object.entries(evaluation.suites).flatMap(([suite, { samples, attacks }]) => {
        const tested = samples === 'all' ? clips : Math.min(samples, clips);
        const count = Math.max(1, Math.min(PARTS, Math.ceil(tested / evaluation.batchSize)));
        // Three conditions; a gradient takes as long as two passes forward.
        const passes = Object.values(attacks)
          .map((attack) => attackPasses(attack, dataset.classes))
          .reduce((sum, { forward, gradient }) => sum + forward / 2 + gradient, 0);
        const work = (3 * passes * tested) / count;
        return Array.from({ length: count }, (_, index): EvaluateJob => {
          const id = `attack ${network}, seed ${seed}, ${suite}, part ${index + 1} of ${count}`;
          return { kind: 'evaluate', id, after: [], work, network, seed, suite, part: { index, count } };
        });
      }),
    ),
  );
}

/** Every `count`-th job, from number `index` on: the jobs of one machine of several. */
export const shardOf = <J extends Job>(jobs: readonly J[], { index, count }: Shard): J[] =>
  jobs.filter((_, number) => number % count === index);
