import * as tf from '@tensorflow/tfjs-core';
import { checkClassifier } from '../classifier/checkClassifier.js';
import type { Modalities } from '../classifier/classifier.js';
import { explainUnsupported } from '../classifier/unsupportedOperation.js';
import { type AttackLoss, maximisedLossOf } from '../losses/attackLoss.js';
import { checkCount } from '../options.js';
import { type Random, randomOf } from '../tensors/random.js';
import { registerGradients } from '../tensors/registerGradients.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { ActiveRows } from './activeRows.js';
import { type Attack, checkPerturbOptions, type PerturbOptions } from './attack.js';
import { successCriterionOf } from './criterion.js';
import { Monitor } from './monitor.js';
import { PreparedProblem } from './preparedProblem.js';
import type { Problem } from './problem.js';
import { Scratch } from './scratch.js';
import { chooseTargets } from './targets.js';
import { checkBatch, checkGoals } from './validation.js';

/** Everything that defines an attack except its search loop. */
export interface SearchAttackConfig {
  /** The attack's name. */
  name: string;
  /** What the adversary may change and by how much. */
  threatModel: ThreatModel;
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Length of a step in radii of the ball, for budgets without a step size. Default 1. */
  stepLength?: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. Default true. */
  useBudgetStepSize?: boolean;
  /** Whether a budget's epsilon may be infinite. Default false. */
  allowInfiniteEpsilon?: boolean;
  /** Number of classifier calls that each evaluation averages over. Default 1. */
  eotSamples?: number | undefined;
}

/** The tools of a search: everything that it works with except its problem. */
export interface SearchContext {
  /** Draws of the call's seed. */
  readonly random: Random;
  /** Owns the search's tensors. */
  readonly scratch: Scratch;
  /** The rows that are still searched. */
  readonly rows: ActiveRows;
  /** Checks and reports. */
  readonly monitor: Monitor;
}

/**
 * Finds the perturbations, one matrix per ball, that the attack returns. They have to be inside the threat model and
 * belong to a state of the context's scratch.
 */
export type Search = (problem: Problem, context: SearchContext) => Promise<readonly tf.Tensor2D[]>;

/**
 * Makes an attack from a search. What all attacks have in common is here, from the checks of the inputs to the release of
 * the last tensor, so that a search is only its loop: it gets a checked problem, keeps its tensors in states that are
 * freed for it, and returns perturbations.
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when the loss is unknown, or `eotSamples` is not a whole number from 1
 */
export function attackFromSearch(config: SearchAttackConfig, search: Search): Attack {
  const { name, threatModel, stepLength = 1, useBudgetStepSize = true } = config;
  const { allowInfiniteEpsilon = false, eotSamples = 1 } = config;
  checkThreatModel(threatModel, { allowInfiniteEpsilon });
  checkCount(`${name}.eotSamples`, eotSamples);
  const loss = config.loss ?? 'cross-entropy';
  const maximised = maximisedLossOf(loss, `${name}.loss`);
  const settings = { threatModel, stepLength, useBudgetStepSize, allowInfiniteEpsilon, eotSamples };

  return {
    name,
    threatModel,
    async perturb(classifier, inputs, labels, options = {}) {
      checkPerturbOptions(options);
      checkClassifier(classifier);
      options.signal?.throwIfAborted();
      const criterion = successCriterionOf(options.criterion, options.targets !== undefined);
      const anyLabels = criterion.custom && !maximised.ofClasses;
      checkGoals(threatModel, inputs, labels, options.targets, anyLabels);
      const targets = chooseTargets(classifier, inputs, labels, options, eotSamples);
      try {
        const { seed, rows } = options;
        const goals = { labels, targets };
        const checked = await checkBatch(threatModel, inputs, goals, {
          allowInfiniteEpsilon,
          anyLabels,
          seed,
          rows,
        });
        await registerGradients();
        const { rank } = criterion;
        const prepared = new PreparedProblem(settings, checked, {
          classifier,
          inputs,
          ...goals,
          criterion,
          loss: rank === 1 ? maximised : maximisedLossOf(loss, `${name}.loss`, rank),
          skipNonFinite: options.onNonFinite === 'skip',
          // Outputs that are not logits may add up to 1.
          allowProbabilities: anyLabels || options.allowProbabilities === true,
        });
        return await run(search, prepared, inputs, options);
      } catch (error) {
        throw explainUnsupported(error);
      } finally {
        if (targets !== options.targets) targets?.dispose();
      }
    },
  };
}

/** Runs the search on a prepared problem, which it frees. Returns every modality, as new tensors. */
async function run(
  search: Search,
  prepared: PreparedProblem,
  inputs: Modalities,
  options: PerturbOptions,
): Promise<Modalities> {
  const { problem } = prepared;
  const scratch = new Scratch();
  const rows = new ActiveRows(prepared, scratch, options);
  const monitor = new Monitor(problem, rows, options);
  const random = randomOf(options.seed, rows.drawNumbers);
  try {
    const deltas = await search(problem, { random, scratch, rows, monitor });
    await problem.firstOutputs.check();
    options.signal?.throwIfAborted();
    await monitor.checkFinite();
    return tf.tidy(() => {
      const result = rows.adversarial(deltas);
      for (const [modality, x] of Object.entries(inputs)) {
        const found = result[modality]!;
        result[modality] = found === x ? tf.clone(x) : replaceRows(found, x, monitor.skipped);
      }
      return result;
    });
  } finally {
    await monitor.close();
    for (const part of [scratch, rows, prepared]) part.dispose();
  }
}

/** Some rows of another tensor in place of those of the first. */
function replaceRows(x: tf.Tensor, other: tf.Tensor, rows: readonly number[]): tf.Tensor {
  if (rows.length === 0) return x;
  const count = x.shape[0]!;
  const order = Array.from({ length: count }, (_, row) => (rows.includes(row) ? count + row : row));
  return tf.gather(tf.concat([x, other]), tf.tensor1d(order, 'int32'));
}
