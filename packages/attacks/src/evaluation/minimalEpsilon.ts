import { type Progress, progressClock } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { pgd } from '../attacks/pgd.js';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { checkCount, checkNumber, checkPositive, optionKeys, rejectUnknownOptions } from '../options.js';
import type { AttackFactory, PerturbOptions } from '../search/attack.js';
import { BatchAttack } from '../search/batchAttack.js';
import { ballSpecsOf, disposeDerived } from '../threatModel/ballSpecs.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { scaleExcept } from '../threatModel/scaleExcept.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link minimalEpsilon}. */
export interface MinimalEpsilonOptions extends Omit<PerturbOptions, 'onStep'> {
  /** What the adversary may change at scale 1. */
  threatModel: ThreatModel;
  /** Makes the attack for a scaled threat model. Default: {@link pgd}. */
  attack?: AttackFactory;
  /** The first scale; it is doubled until the attack succeeds. Default 1, or `maxScale` if that is less. */
  start?: number;
  /** The largest scale. Default 16. */
  maxScale?: number;
  /** Bisections, each of which halves the interval in which the scale lies. Default 10. */
  steps?: number;
  /** Modalities whose budget stays fixed while the others are scaled. Default: none. */
  fixed?: readonly string[];
  /**
   * Number of classifier calls by whose mean each result is judged, for classifiers that are random. One call of such a
   * classifier would find a sample fooled by chance. Default 1.
   */
  eotSamples?: number;
  /** Receives progress after each run of the attack, and is awaited. An error that it throws ends the search. */
  onProgress?: (progress: MinimalEpsilonProgress) => void | Promise<void>;
}

/** Progress of {@link minimalEpsilon}, counted in runs of the attack; `total` is the largest number that there may be. */
export interface MinimalEpsilonProgress extends Progress {
  /** Number of samples in the last run. */
  attacked: number;
}

/** The result of {@link minimalEpsilon}; the caller owns the tensors. */
export interface MinimalEpsilon {
  /**
   * The smallest scale of the threat model at which each sample was fooled, `[batch]`: 0 where the clean input is
   * misclassified already, or the fixed modalities suffice; Infinity where the attack failed up to `maxScale`.
   */
  scale: tf.Tensor1D;
  /** That scale as an epsilon, `[batch]`, for each attacked modality; in a joint ball the ball's. */
  epsilon: {
    /** The epsilon of the modality of that name, in its own units; of a fixed modality its given epsilon. */
    [modality: string]: tf.Tensor1D;
  };
  /** The inputs, perturbed at that scale; clean where the attack failed. */
  adversarial: Modalities;
}

/**
 * The smallest scale of a threat model at which an attack with a fixed budget fools each sample, found by bisection. All
 * budgets are scaled together, or some stay fixed, which shows what a fixed perturbation of one modality is worth in the
 * units of another.
 *
 * The scale is doubled from `start` until the attack succeeds, then the interval between the largest failure and the
 * smallest success is halved `steps` times, for each sample by itself. If the attack always succeeds above its threshold,
 * the result exceeds the threshold by at most `start / 2^steps` for samples fooled at `start`, and by at most a fraction of
 * 2^-steps for others. In any case the attack succeeds at the result, so the result is an upper bound. Finished samples are
 * removed from the batch, so the classifier has to take batches of any size; a sample's result does not depend on the
 * others.
 *
 * The attack is made for threat models whose epsilons are vectors. So step sizes of budgets are dropped and follow from
 * epsilon (those of fixed modalities stay). Attacks that look for the smallest perturbation, such as Carlini and Wagner's,
 * work too, but one run of such an attack gives the same answer: measure the size of its result instead.
 *
 * Costs a forward pass, then up to 1 + log2(maxScale / start) + steps runs of the attack (one more with `fixed`), each
 * with one more forward pass. Foolbox's attacks take a list of epsilons and attack all samples at each of them;
 * torchattacks has no such search.
 * @param classifier the classifier to fool
 * @param inputs the clean batch
 * @param labels true classes `[batch]`
 * @param options the threat model, the attack, and how to search
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @throws {AttackInputError} {@link AttackInputError}, the signal's reason, and errors of the attack
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, minimalEpsilon, type Modalities, pgd } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.tidy(() => tf.stack([tf.add(rgb!, skeleton!), tf.onesLike(rgb!)], 1)) as tf.Tensor2D;
 * const inputs: Modalities = { rgb: tf.tensor1d([0.9, 0.2]), skeleton: tf.tensor1d([0.4, 1.1]) };
 * const { scale, epsilon, adversarial } = await minimalEpsilon(classifier, inputs, tf.tensor1d([0, 0], 'int32'), {
 *   threatModel: {
 *     rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] },
 *     skeleton: { norm: 'linf', epsilon: 0.05 },
 *   },
 *   attack: (threatModel) => pgd(threatModel, { steps: 5 }),
 * });
 * console.log(await scale.data(), await epsilon.skeleton!.data()); // about 2, and 0.1 m
 * tf.dispose([scale, epsilon, adversarial]);
 * ```
 */
export async function minimalEpsilon(
  classifier: Classifier,
  inputs: Modalities,
  labels: tf.Tensor,
  options: MinimalEpsilonOptions,
): Promise<MinimalEpsilon> {
  checkOptions(options);
  const {
    threatModel,
    attack: make = pgd,
    maxScale = 16,
    start = Math.min(1, maxScale),
    steps = 10,
    fixed = [],
    eotSamples = 1,
    onProgress,
    ...perturbOptions
  } = options;
  const attack: AttackFactory = (model) => make(model);
  const scaling = scaleExcept(threatModel, fixed, 'minimalEpsilon.fixed');
  attack(threatModel);

  const growing = doublingScales(start, maxScale);
  const maxRuns = (scaling.fixedBudgets ? 1 : 0) + growing.length + steps;
  const progress = progressClock();
  let runs = 0;
  const batch = await BatchAttack.create([threatModel], classifier, inputs, labels, perturbOptions, {
    eotSamples,
  });
  /** Runs the attack on some rows and keeps its successes. Returns for each of the rows whether it is fooled. */
  const attackRows = async (rows: readonly number[], model: ThreatModel): Promise<boolean[]> => {
    const run = await batch.attackRows(rows, model, attack);
    batch.keepAndDispose(run, (_, k) => run.fooled[k]!);
    await onProgress?.({ ...progress(++runs, maxRuns), attacked: rows.length });
    return run.fooled;
  };
  try {
    await batch.evaluateClean();
    if (scaling.fixedBudgets && batch.robustRows.length > 0) {
      await attackRows(batch.robustRows, scaling.fixedBudgets);
    }
    const low = batch.rows.map(() => 0);
    const high = batch.fooled.map((already) => (already ? 0 : Infinity));
    /** Runs the attack on some rows, each at its own scale, and narrows their intervals. */
    const narrow = async (rows: readonly number[], scales: readonly number[]) => {
      const scale = tf.tensor1d([...scales]);
      let model: ThreatModel;
      try {
        model = scaling.at(scale);
      } finally {
        scale.dispose();
      }
      try {
        const fooled = await attackRows(rows, model);
        for (const [k, row] of rows.entries()) (fooled[k] ? high : low)[row] = scales[row]!;
      } finally {
        disposeDerived(model, threatModel);
      }
    };

    for (const scale of growing) {
      const rows = batch.robustRows;
      if (rows.length === 0) break;
      await narrow(
        rows,
        batch.rows.map(() => scale),
      );
    }
    const bracketed = batch.rows.filter((row) => high[row]! > 0 && high[row]! < Infinity);
    for (let step = 1; step <= steps && bracketed.length > 0; step++) {
      // Rows that the attack never fools have no middle and are not attacked.
      const middles = high.map((end, row) => (end < Infinity ? Math.fround((low[row]! + end) / 2) : 0));
      await narrow(bracketed, middles);
    }
    return { ...tf.tidy(() => resultOf(threatModel, high, fixed)), adversarial: batch.adversarial() };
  } finally {
    batch.dispose();
  }
}

const OPTIONS = /* @__PURE__ */ optionKeys<MinimalEpsilonOptions>({
  threatModel: true,
  attack: true,
  start: true,
  maxScale: true,
  steps: true,
  fixed: true,
  eotSamples: true,
  targets: true,
  criterion: true,
  onNonFinite: true,
  onSkipped: true,
  seed: true,
  rows: true,
  stopWhenFooled: true,
  allowProbabilities: true,
  signal: true,
  onProgress: true,
});

function checkOptions(options: MinimalEpsilonOptions): void {
  rejectUnknownOptions('minimalEpsilon', options, OPTIONS);
  const { threatModel, maxScale = 16, start = Math.min(1, maxScale), steps = 10 } = options;
  checkThreatModel(threatModel);
  checkPositive('minimalEpsilon.maxScale', maxScale);
  const expected = `a finite number above 0 and no larger than maxScale, ${maxScale}`;
  checkNumber('minimalEpsilon.start', start, (value) => value > 0 && value <= maxScale, expected);
  checkCount('minimalEpsilon.steps', steps);
  checkCount('minimalEpsilon.eotSamples', options.eotSamples ?? 1);
}

/** `start`, doubled while it is below the largest scale, and last the largest scale. */
function doublingScales(start: number, maxScale: number): number[] {
  const scales: number[] = [];
  for (let scale = start; scale < maxScale; scale *= 2) scales.push(Math.fround(scale));
  return [...scales, Math.fround(maxScale)];
}

function resultOf(
  threatModel: ThreatModel,
  scales: readonly number[],
  fixed: readonly string[],
): { scale: tf.Tensor1D; epsilon: { [modality: string]: tf.Tensor1D } } {
  const scale = tf.tensor1d([...scales]);
  const epsilons = ballSpecsOf(threatModel).flatMap(({ epsilon, modalities }) =>
    Object.keys(modalities).map((modality): [string, tf.Tensor1D] => {
      const given: tf.Tensor1D =
        typeof epsilon === 'number' ? tf.fill([scales.length], epsilon) : tf.clone(epsilon);
      // 0 * Infinity would be NaN.
      return [
        modality,
        fixed.includes(modality)
          ? given
          : tf.where(tf.isFinite(scale), tf.mul<tf.Tensor1D>(scale, given), scale),
      ];
    }),
  );
  return { scale, epsilon: Object.fromEntries(epsilons) };
}
