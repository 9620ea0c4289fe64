import type { Settings, StreamName } from '../settings/settings.js';
import { attackPasses } from './attackPasses.js';
import type { ClipCounts } from './clipCounts.js';

/** Measured seconds for one clip. */
export interface Speed {
  /** A training step on a clean clip. */
  readonly train: number;
  /** One step of the attack of adversarial training; absent for networks that are trained on clean clips. */
  readonly attackStep?: number;
  /** The prediction of one clip. */
  readonly forward?: number;
  /** A prediction and the gradient for the attacked inputs, by condition. */
  readonly gradient?: { readonly [condition: string]: number };
}

/** A part of a run, and the seconds that it takes by itself on the machine that was measured. */
export interface TimedPart {
  /** `training` or the suite's name. */
  readonly stage: string;
  /** Name of the stream or the defence. */
  readonly network: string;
  /** For all seeds. */
  readonly seconds: number;
}

/**
 * How long a run takes at the measured speeds, one part after the other. Attacks are counted as if every clip stayed robust:
 * on undefended networks they take a small part of that.
 */
export function estimate(
  settings: Settings,
  counts: ClipCounts,
  speeds: { readonly [network: string]: Speed },
): TimedPart[] {
  const { training, defences, evaluation, dataset, seeds } = settings;
  const clips = counts.train * dataset.passes * seeds.length;
  const streams = (['video', 'skeleton'] satisfies StreamName[]).map((stream) => ({
    stage: 'training',
    network: stream,
    seconds: training[stream].epochs * clips * speeds[stream]!.train,
  }));
  const networks = Object.keys(defences).map((network) => {
    const { train, attackStep = 0 } = speeds[network]!;
    const step = train + training.joint.attack.steps * attackStep;
    return { stage: 'training', network, seconds: training.joint.epochs * clips * step };
  });
  const attacks = Object.entries(evaluation.suites).flatMap(([stage, suite]) =>
    Object.keys(defences).map((network) => {
      const { forward = 0, gradient = {} } = speeds[network]!;
      const tested = suite.samples === 'all' ? counts.test : Math.min(suite.samples, counts.test);
      const seconds = Object.values(suite.attacks).reduce((sum, attack) => {
        const passes = attackPasses(attack, counts.classes);
        return (
          sum +
          Object.values(gradient).reduce(
            (all, slope) => all + passes.forward * forward + passes.gradient * slope,
            0,
          )
        );
      }, 0);
      return { stage, network, seconds: seconds * tested * seeds.length };
    }),
  );
  return [...streams, ...networks, ...attacks];
}
