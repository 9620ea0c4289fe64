import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { AttackOptionsError, shown, ThreatModelError } from '../errors.js';
import { checkCount } from '../options.js';
import type { Attack, PerturbOptions } from '../search/attack.js';
import { type AttackedRows, BatchAttack } from '../search/batchAttack.js';
import { disposeDerived } from '../threatModel/ballSpecs.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { scaledThreatModel } from '../threatModel/scaledThreatModel.js';
import {
  attackedModalities,
  isJointBall,
  type JointBall,
  type ThreatModel,
} from '../threatModel/threatModel.js';
import { pgd } from './pgd.js';

type Budgets = Exclude<ThreatModel, JointBall>;

/** Options of {@link greedySplit}. */
export interface GreedySplitOptions {
  /**
   * What may be spent on all modalities together, in epsilons: 1 is the whole epsilon of one of them, or a half each of
   * two. Above 0, up to the number of modalities, each of which takes no more than 1. Default 1.
   */
  total?: number;
  /** Equal parts in which the total is given out. Default 10. */
  parts?: number;
  /** Whether parts that turn out not to be needed are taken back. Default true. */
  trim?: boolean;
  /** Makes the attack for a scaled threat model, whose epsilons are vectors. Default: {@link pgd}, 20 steps. */
  attack?: (threatModel: ThreatModel) => Attack;
}

/** An attack that finds out how a budget is best split; see {@link greedySplit}. */
export interface GreedySplit extends Attack {
  /** As `perturb`, and tells what each sample's result cost. */
  search(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor1D,
    options?: PerturbOptions,
  ): Promise<GreedySplitResult>;
}

/** What {@link GreedySplit.search} finds; the caller owns the tensors. */
export interface GreedySplitResult {
  /** The inputs, perturbed. */
  adversarial: Modalities;
  /** For each attacked modality the share of its epsilon that each sample was given, `[batch]`. */
  shares: {
    /** The shares of the modality of that name. */
    [modality: string]: tf.Tensor1D;
  };
  /** The sum of each sample's shares, `[batch]`. */
  spent: tf.Tensor1D;
  /** For each sample whether the classifier gets the result wrong, or predicts its target. */
  fooled: boolean[];
}

/**
 * A greedy search, for each sample, of the cheapest way to split one budget between the modalities: forward selection
 * with backward elimination. The shares of all modalities start at 0, which fools the samples that are wrong already. In
 * each round every modality that is not full is tried with one part, `total / parts`, more than it has: the attack is
 * run within the shares times the epsilons. The part goes where the attack then succeeds, or else where the margin
 * ({@link marginLoss}) becomes largest; if equal, to the smaller share, then to the earlier modality. A sample is done
 * when it is fooled or nothing is left. Then, with `trim`, parts are taken back, modality by modality and one at a
 * time, for as long as the attack still succeeds without them. Each attack starts afresh.
 *
 * The result lies inside the shares times the epsilons, so inside the threat model; where nothing succeeds, it is the
 * point with the largest margin that was met. Greedy is not optimal where modalities only help each other
 * together. `onStep` is called once a round, with the margins so far as loss.
 *
 * Costs, with M modalities, up to M * parts attacks, and up to parts + M more to trim, each with one more forward pass,
 * and one forward pass on the clean inputs; all on the samples that are left, in batches of any size. In the first round the other
 * modalities stand still. Step sizes of the threat model don't count: they follow from the scaled epsilons.
 * torchattacks and Foolbox, whose attacks have one input, have no such attack.
 * @param threatModel a budget for each of two modalities or more, no joint ball
 * @throws {ThreatModelError} when the threat model makes no sense, is a joint ball or names one modality
 * @throws {AttackOptionsError} when an option is outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, fgsm, greedySplit } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.tidy(() => tf.stack([tf.add(rgb!, skeleton!), tf.onesLike(rgb!)], 1)) as tf.Tensor2D;
 * const attack = greedySplit(
 *   { rgb: { norm: 'linf', epsilon: 1, range: [0, 1] }, skeleton: { norm: 'linf', epsilon: 0.5 } },
 *   { parts: 4, attack: (threatModel) => fgsm(threatModel) },
 * );
 * const inputs = { rgb: tf.tensor1d([0.9, 0.2]), skeleton: tf.tensor1d([0.4, 1.1]) };
 * const found = await attack.search(classifier, inputs, tf.tensor1d([0, 0], 'int32'));
 * // The second video is nearly black already: one part of it, then the skeleton.
 * console.log(await found.shares.rgb!.data(), await found.shares.skeleton!.data());
 * tf.dispose([found.adversarial, found.shares, found.spent]);
 * ```
 */
export function greedySplit(threatModel: ThreatModel, options: GreedySplitOptions = {}): GreedySplit {
  const { total = 1, parts = 10, trim = true, attack = (own) => pgd(own) } = options;
  checkThreatModel(threatModel);
  const modalities = attackedModalities(threatModel);
  if (isJointBall(threatModel)) {
    throw new ThreatModelError(
      'The threat model is a joint ball, in which the attack splits the budget by itself; expected a budget for each modality.',
    );
  }
  if (modalities.length < 2) {
    throw new ThreatModelError(
      `The threat model has a budget for ${modalities.map(shown).join(', ')} only; expected two modalities or more to split between.`,
    );
  }
  if (!(total > 0 && total <= modalities.length)) {
    throw new AttackOptionsError(
      `total is ${shown(total)}; expected a number above 0, up to ${modalities.length}, the number of modalities.`,
    );
  }
  checkCount('parts', parts);
  const most = Math.floor(parts / total + 1e-9);
  if (most === 0) {
    throw new AttackOptionsError(
      `parts is ${parts} for a total of ${total}, so a part is more than a modality's epsilon; expected ${Math.ceil(total)} or more.`,
    );
  }
  attack(threatModel);
  const rounds = Math.min(parts, most * modalities.length);

  const search: GreedySplit['search'] = async (classifier, inputs, labels, perturbOptions = {}) => {
    const batch = await BatchAttack.create([threatModel], classifier, inputs, labels, perturbOptions);
    try {
      const counts = modalities.map(() => batch.rows.map(() => 0));
      const split: Split = { batch, threatModel, modalities, counts, share: total / parts, attack };
      await batch.evaluateClean();
      for (let round = 1; round <= rounds && batch.fooled.includes(false); round++) {
        await spendPart(split, most, round === 1);
        batch.report(round, rounds);
      }
      if (trim) for (const m of modalities.keys()) await trimParts(split, m);
      return resultOf(split);
    } finally {
      batch.dispose();
    }
  };
  return {
    name: 'greedySplit',
    threatModel,
    search,
    async perturb(classifier, inputs, labels, perturbOptions) {
      const { adversarial, shares, spent } = await search(classifier, inputs, labels, perturbOptions);
      tf.dispose([...Object.values(shares), spent]);
      return adversarial;
    },
  };
}

/** A split under way. */
interface Split {
  batch: BatchAttack;
  threatModel: Budgets;
  modalities: readonly string[];
  /** For each modality the parts that each row has given it. */
  counts: readonly number[][];
  /** A part, in epsilons. */
  share: number;
  attack: (threatModel: ThreatModel) => Attack;
}

/** One round: every row that stands gives a part to the modality in which it does most. */
async function spendPart(split: Split, most: number, first: boolean): Promise<void> {
  const { batch, counts } = split;
  const { robustRows } = batch;
  const runs: (AttackedRows | undefined)[] = [];
  try {
    for (const m of counts.keys()) {
      const open = robustRows.filter((row) => counts[m]![row]! < most);
      runs.push(open.length > 0 ? await attackWithParts(split, open, m, 1, first) : undefined);
    }
    const choice = new Map<number, { m: number; fooled: boolean; margin: number }>();
    for (const [m, run] of runs.entries()) {
      for (const [k, row] of (run?.rows ?? []).entries()) {
        const [fooled, margin, best] = [run!.fooled[k]!, run!.margin[k]!, choice.get(row)];
        const more = best && (Number(fooled) - Number(best.fooled) || margin - best.margin);
        if (!best || more! > 0 || (more === 0 && counts[m]![row]! < counts[best.m]![row]!)) {
          choice.set(row, { m, fooled, margin });
        }
      }
    }
    for (const [m, run] of runs.entries()) {
      if (!run) continue;
      batch.keep(run, (row, k) => choice.get(row)!.m === m && batch.improves(run, row, k));
    }
    for (const [row, { m }] of choice) counts[m]![row]!++;
  } finally {
    for (const run of runs) if (run) tf.dispose(run.adversarial);
  }
}

/** Takes parts back from a modality for as long as the rows stay fooled without them. */
async function trimParts(split: Split, m: number): Promise<void> {
  const { batch, counts } = split;
  let left = batch.rows.filter((row) => batch.fooled[row] && counts[m]![row]! > 0);
  while (left.length > 0) {
    const run = await attackWithParts(split, left, m, -1, false);
    batch.keepAndDispose(run, (_, k) => run.fooled[k]!);
    const spared = left.filter((_, k) => run.fooled[k]);
    for (const row of spared) counts[m]![row]!--;
    left = spared.filter((row) => counts[m]![row]! > 0);
  }
}

/**
 * Attacks rows with some parts more, or less, of one modality than they have.
 * @param alone whether no row has any part of the others, which then stand still
 */
async function attackWithParts(
  { batch, threatModel, modalities, counts, share, attack }: Split,
  rows: readonly number[],
  changed: number,
  by: number,
  alone: boolean,
): Promise<AttackedRows> {
  const taking = [...modalities.entries()].filter(([m]) => !alone || m === changed);
  const budgets = Object.fromEntries(taking.map(([, name]) => [name, threatModel[name]!]));
  const scales = Object.fromEntries(
    taking.map(([m, name]) => {
      const shares = counts[m]!.map((count) => Math.max(0, m === changed ? count + by : count) * share);
      return [name, tf.tensor1d(shares.map((value) => Math.min(1, value)))];
    }),
  );
  let scaled: ThreatModel;
  try {
    scaled = scaledThreatModel(budgets, scales);
  } finally {
    tf.dispose(scales);
  }
  try {
    return await batch.attackRows(rows, scaled, attack);
  } finally {
    disposeDerived(scaled, budgets);
  }
}

function resultOf({ batch, modalities, counts, share }: Split): GreedySplitResult {
  const sharesOf = (m: number) => counts[m]!.map((count) => Math.min(1, count * share));
  const spent = batch.rows.map((row) => modalities.reduce((sum, _, m) => sum + sharesOf(m)[row]!, 0));
  return {
    adversarial: batch.adversarial(),
    shares: Object.fromEntries(modalities.map((name, m) => [name, tf.tensor1d(sharesOf(m))])),
    spent: tf.tensor1d(spent),
    fooled: [...batch.fooled],
  };
}
