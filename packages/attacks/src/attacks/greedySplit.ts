import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { ThreatModelError } from '../errors.js';
import {
  budgetChecks,
  checkBoolean,
  checkCount,
  checkNumber,
  checkOption,
  optionKeys,
  rejectUnknownOptions,
} from '../options.js';
import {
  type Attack,
  type AttackFactory,
  checkPerturbOptions,
  type PerturbOptions,
} from '../search/attack.js';
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
   * The budget of all modalities together, in epsilons: 1 is the whole epsilon of one of them, or half of each of two.
   * Above 0, up to the number of modalities, each of which takes no more than 1. Default 1.
   */
  total?: number;
  /** Number of equal parts into which the total is divided. Default 10. */
  parts?: number;
  /** Whether parts that turn out not to be needed are removed again. Default true. */
  trim?: boolean;
  /** Makes the attack for a scaled threat model, whose epsilons are vectors. Default: {@link pgd}, 20 steps. */
  attack?: AttackFactory;
  /**
   * Number of classifier calls by whose mean each result is judged, for classifiers that are random. One call of such a
   * classifier would find a sample fooled by chance. Default 1.
   */
  eotSamples?: number;
}

const OPTIONS = /* @__PURE__ */ optionKeys<GreedySplitOptions>({
  total: true,
  parts: true,
  trim: true,
  attack: true,
  eotSamples: true,
});

/** An attack that searches for the best split of a budget; see {@link greedySplit}. */
export interface GreedySplit extends Attack {
  /** Like `perturb`, and gives the shares of each sample's result as well. */
  search(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor,
    options?: PerturbOptions,
  ): Promise<GreedySplitResult>;
}

/** The result of {@link GreedySplit.search}; the caller owns the tensors. */
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
 * with backward elimination. The shares of all modalities start at 0; samples that are wrong when clean count as fooled.
 * In each round the attack is run once for each modality that is not full, with one part, `total / parts`, more than it
 * has, within the shares times the epsilons. The part goes to the modality with which the attack succeeds, or else to the
 * one with the largest margin ({@link marginLoss}); if equal, to the smaller share, then to the earlier modality. A sample
 * is finished when it is fooled or the total is spent. Then, with `trim`, parts are removed again, modality by modality
 * and one at a time, as long as the attack still succeeds without them. Each attack starts from the clean input.
 *
 * The result lies inside the shares times the epsilons, so inside the threat model; where nothing succeeds, it is the
 * point with the largest margin. A greedy search is not optimal where only a change of several modalities together
 * helps. `onStep` is called once a round, with the margins so far as loss.
 *
 * Costs, with M modalities, up to M * parts attacks, and up to parts + M more to trim, each with one more forward pass,
 * and one forward pass on the clean inputs; all on the unfinished samples, in batches of any size. In the first round the
 * other modalities don't move. Step sizes of the threat model are ignored: they follow from the scaled epsilons.
 * torchattacks and Foolbox, whose attacks have one input, have no such attack.
 * @param threatModel a budget for each of two modalities or more, no joint ball
 * @throws {ThreatModelError} when the threat model is not valid, is a joint ball or names one modality
 * @throws {AttackOptionsError} when an option is unknown or outside its values
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
  rejectUnknownOptions('greedySplit', options, OPTIONS);
  const { total = 1, parts = 10, trim = true, attack = (own) => pgd(own), eotSamples = 1 } = options;
  checkCount('greedySplit.eotSamples', eotSamples);
  checkThreatModel(threatModel);
  const modalities = attackedModalities(threatModel);
  if (isJointBall(threatModel)) {
    throw new ThreatModelError(
      'threatModel: got a joint ball, in which the attack splits the budget by itself; expected a budget for each modality.',
    );
  }
  budgetChecks.checkOption(
    'threatModel',
    threatModel,
    modalities.length >= 2,
    'budgets for two modalities or more to split between',
  );
  checkBoolean('greedySplit.trim', trim);
  checkNumber(
    'greedySplit.total',
    total,
    (value) => value > 0 && value <= modalities.length,
    `a number above 0, up to ${modalities.length}, the number of modalities`,
  );
  checkCount('greedySplit.parts', parts);
  const most = Math.floor(parts / total + 1e-9);
  checkOption(
    'greedySplit.parts',
    parts,
    most > 0,
    `${Math.ceil(total)} or more for a total of ${total}, as a part is at most a modality's epsilon`,
  );
  attack(threatModel);
  const rounds = Math.min(parts, most * modalities.length);

  const search: GreedySplit['search'] = async (classifier, inputs, labels, perturbOptions = {}) => {
    checkPerturbOptions(perturbOptions);
    const batch = await BatchAttack.create([threatModel], classifier, inputs, labels, perturbOptions, {
      eotSamples,
    });
    try {
      const counts = modalities.map(() => batch.rows.map(() => 0));
      const split: Split = { batch, threatModel, modalities, counts, share: total / parts, attack };
      await batch.evaluateClean();
      for (let round = 1; round <= rounds && batch.fooled.includes(false); round++) {
        await spendPart(split, most, round === 1);
        await batch.report(round, rounds);
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

/** A split that is being searched for. */
interface Split {
  batch: BatchAttack;
  threatModel: Budgets;
  modalities: readonly string[];
  /** For each modality the number of parts that each row has spent on it. */
  counts: readonly number[][];
  /** A part, in epsilons. */
  share: number;
  attack: AttackFactory;
}

/** One round: every row that is still robust spends a part on the modality in which it helps most. */
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

/** Removes parts of a modality from rows as long as these stay fooled without them. */
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
 * @param alone whether no row has any part of the other modalities, which then don't move
 */
async function attackWithParts(
  { batch, threatModel, modalities, counts, share, attack }: Split,
  rows: readonly number[],
  changed: number,
  by: number,
  alone: boolean,
): Promise<AttackedRows> {
  const moving = [...modalities.entries()].filter(([m]) => !alone || m === changed);
  const budgets = Object.fromEntries(moving.map(([, name]) => [name, threatModel[name]!]));
  const scales = Object.fromEntries(
    moving.map(([m, name]) => {
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
