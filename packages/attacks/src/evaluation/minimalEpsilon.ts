import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { AttackOptionsError, shown } from '../errors.js';
import { checkCount } from '../options.js';
import type { Attack, PerturbOptions } from '../search/attack.js';
import { BatchAttack } from '../search/batchAttack.js';
import { ballSpecsOf, disposeDerived } from '../threatModel/ballSpecs.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { scaleExcept } from '../threatModel/scaleExcept.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link minimalEpsilon}. */
export interface MinimalEpsilonOptions
  extends Pick<PerturbOptions, 'targets' | 'seed' | 'rows' | 'stopWhenFooled' | 'signal'> {
  /** The first scale that is tried; while it is too small, it is doubled. Default 1, or `maxScale` if that is less. */
  start?: number;
  /** The largest scale that is tried. Default 16. */
  maxScale?: number;
  /** Bisections, each of which halves the interval in which the scale lies. Default 10. */
  steps?: number;
  /** Modalities whose budget stays as it is, while the others are scaled. Default: none. */
  fixed?: readonly string[];
  /** Called after each run of the attack, and waited for. What it throws ends the search. */
  onProgress?: (progress: MinimalEpsilonProgress) => void | Promise<void>;
}

/** How far a search by {@link minimalEpsilon} has come. */
export interface MinimalEpsilonProgress {
  /** Runs of the attack that are done. */
  runs: number;
  /** Runs in all, at most. */
  mostRuns: number;
  /** Samples that were attacked in the last run. */
  attacked: number;
}

/** What {@link minimalEpsilon} finds; the caller owns the tensors. */
export interface MinimalEpsilon {
  /**
   * The smallest scale of the threat model at which each sample was fooled, `[batch]`: 0 where the clean input is wrong
   * already, or the fixed modalities suffice; Infinity where nothing up to `maxScale` did it.
   */
  scale: tf.Tensor1D;
  /** That scale as an epsilon, `[batch]`, for each attacked modality; in a joint ball the ball's. */
  epsilon: {
    /** The epsilon of the modality of that name, in its own units; a fixed one's as it was given. */
    [modality: string]: tf.Tensor1D;
  };
  /** The inputs, perturbed at that scale; clean where no scale was found. */
  adversarial: Modalities;
}

/**
 * The smallest scale of a threat model at which an attack with a fixed budget fools each sample, by bisection. All
 * budgets grow together, or one modality's stays, which tells what its fixed perturbation is worth in the other's units.
 *
 * The scale is doubled from `start` until the attack succeeds, then the interval between the last failure and the
 * smallest success is halved `steps` times, for each sample by itself. The result lies above the attack's true threshold
 * by at most `start / 2^steps` for samples fooled at `start`, and by a share of 2^-steps of itself for others, if the
 * attack always succeeds above the threshold; if it doesn't, it is a success all the same, so an upper bound.
 * Samples that are done leave the batch, so the classifier has to take batches of any size; a sample's result does not
 * depend on the others.
 *
 * The attack is made for threat models whose epsilons are vectors, so step sizes that they name are left out and follow
 * from epsilon (those of fixed modalities stay). Attacks that look for the smallest perturbation, such as those of
 * Carlini and Wagner, work too, but are run again and again for what one of them tells at once; measure its result.
 *
 * Costs a forward pass, then up to 1 + log2(maxScale / start) + steps runs of the attack (one more with `fixed`), each
 * with one more forward pass. Foolbox's attacks take a list of epsilons, all samples at each, of which one may pick the
 * smallest that succeeds; torchattacks has no such search.
 * @param attack makes the attack for a scaled threat model
 * @param threatModel scale 1
 * @param classifier what to fool
 * @param inputs the clean batch
 * @param labels true classes `[batch]`
 * @throws {ThreatModelError} when the threat model makes no sense
 * @throws {AttackOptionsError} when an option is outside its values
 * @throws {AttackInputError} {@link AttackInputError}, the signal's reason, and what the attack throws
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, minimalEpsilon, type Modalities, pgd } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.tidy(() => tf.stack([tf.add(rgb!, skeleton!), tf.onesLike(rgb!)], 1)) as tf.Tensor2D;
 * const inputs: Modalities = { rgb: tf.tensor1d([0.9, 0.2]), skeleton: tf.tensor1d([0.4, 1.1]) };
 * const { scale, epsilon, adversarial } = await minimalEpsilon(
 *   (threatModel) => pgd(threatModel, { steps: 5 }),
 *   { rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] }, skeleton: { norm: 'linf', epsilon: 0.05 } },
 *   classifier,
 *   inputs,
 *   tf.tensor1d([0, 0], 'int32'),
 * );
 * console.log(await scale.data(), await epsilon.skeleton!.data()); // about 2, and 0.1 m
 * tf.dispose([scale, epsilon, adversarial]);
 * ```
 */
export async function minimalEpsilon(
  attack: (threatModel: ThreatModel) => Attack,
  threatModel: ThreatModel,
  classifier: Classifier,
  inputs: Modalities,
  labels: tf.Tensor1D,
  options: MinimalEpsilonOptions = {},
): Promise<MinimalEpsilon> {
  const { maxScale = 16, start = Math.min(1, maxScale), steps = 10, fixed = [] } = options;
  checkThreatModel(threatModel);
  if (!(start > 0 && start <= maxScale && maxScale < Infinity)) {
    throw new AttackOptionsError(
      `start is ${shown(start)} and maxScale ${shown(maxScale)}; expected finite numbers above 0, start no larger than maxScale.`,
    );
  }
  checkCount('steps', steps);
  const scaling = scaleExcept(threatModel, fixed);
  attack(threatModel);

  const growth = growthOf(start, maxScale);
  const mostRuns = (scaling.fixedBudgets ? 1 : 0) + growth.length + steps;
  let runs = 0;
  const standings = await BatchAttack.create([threatModel], classifier, inputs, labels, options);
  /** Runs the attack on some rows, keeps its successes, and tells each row's. */
  const tried = async (
    rows: readonly number[],
    model: ThreatModel,
    tell: (row: number, fooled: boolean) => void,
  ) => {
    const run = await standings.attackRows(rows, model, attack);
    standings.keepAndDispose(run, (_, k) => run.fooled[k]!);
    for (const [k, row] of rows.entries()) tell(row, run.fooled[k]!);
    await options.onProgress?.({ runs: ++runs, mostRuns, attacked: rows.length });
  };
  try {
    await standings.evaluateClean();
    const { robustRows: left } = standings;
    if (scaling.fixedBudgets && left.length > 0) await tried(left, scaling.fixedBudgets, () => {});
    const low = standings.rows.map(() => 0);
    const high = standings.fooled.map((already) => (already ? 0 : Infinity));
    /** Runs the attack on some rows, each at a scale of its own, and narrows their intervals. */
    const narrow = async (rows: readonly number[], scales: readonly number[]) => {
      const scale = tf.tensor1d([...scales]);
      let model: ThreatModel;
      try {
        model = scaling.at(scale);
      } finally {
        scale.dispose();
      }
      try {
        await tried(rows, model, (row, success) => {
          (success ? high : low)[row] = scales[row]!;
        });
      } finally {
        disposeDerived(model, threatModel);
      }
    };

    for (const scale of growth) {
      const { robustRows: left } = standings;
      if (left.length === 0) break;
      await narrow(
        left,
        standings.rows.map(() => scale),
      );
    }
    const bracketed = standings.rows.filter((row) => high[row]! > 0 && high[row]! < Infinity);
    for (let step = 1; step <= steps && bracketed.length > 0; step++) {
      // Rows that nothing fools have no middle, and are not attacked.
      const middles = high.map((end, row) => (end < Infinity ? Math.fround((low[row]! + end) / 2) : 0));
      await narrow(bracketed, middles);
    }
    return { ...tf.tidy(() => measured(threatModel, high, fixed)), adversarial: standings.adversarial() };
  } finally {
    standings.dispose();
  }
}

/** start, doubled as long as it is below the largest scale, which is the last. */
function growthOf(start: number, maxScale: number): number[] {
  const scales: number[] = [];
  for (let scale = start; scale < maxScale; scale *= 2) scales.push(Math.fround(scale));
  return [...scales, Math.fround(maxScale)];
}

function measured(
  threatModel: ThreatModel,
  scales: readonly number[],
  fixed: readonly string[],
): { scale: tf.Tensor1D; epsilon: { [modality: string]: tf.Tensor1D } } {
  const scale = tf.tensor1d([...scales]);
  const epsilons = ballSpecsOf(threatModel).flatMap(({ epsilon, modalities }) =>
    Object.keys(modalities).map((modality): [string, tf.Tensor1D] => {
      const own: tf.Tensor1D =
        typeof epsilon === 'number' ? tf.fill([scales.length], epsilon) : tf.clone(epsilon);
      // An epsilon of 0 times Infinity is none.
      return [
        modality,
        fixed.includes(modality) ? own : tf.where(tf.isFinite(scale), tf.mul<tf.Tensor1D>(scale, own), scale),
      ];
    }),
  );
  return { scale, epsilon: Object.fromEntries(epsilons) };
}
