import * as tf from '@tensorflow/tfjs-core';
import { type AttackLoss, maximisedLossOf } from '../losses/attackLoss.js';
import { checkCount } from '../options.js';
import { type Random, randomOf } from '../tensors/random.js';
import { registerGradients } from '../tensors/registerGradients.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { ActiveRows } from './activeRows.js';
import { type Attack, checkPerturbOptions } from './attack.js';
import { Monitor } from './monitor.js';
import { PreparedProblem } from './preparedProblem.js';
import type { Problem } from './problem.js';
import { Scratch } from './scratch.js';
import { checkBatch } from './validation.js';

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
  eotSamples?: number;
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
  const loss = maximisedLossOf(config.loss ?? 'cross-entropy', `${name}.loss`);
  const settings = { threatModel, stepLength, useBudgetStepSize, allowInfiniteEpsilon, eotSamples };

  return {
    name,
    threatModel,
    async perturb(classifier, inputs, labels, options = {}) {
      checkPerturbOptions(options);
      options.signal?.throwIfAborted();
      const checked = await checkBatch(threatModel, inputs, labels, allowInfiniteEpsilon, options);
      await registerGradients();
      const { targets, allowProbabilities } = options;
      const given = { classifier, inputs, labels, loss, targets, allowProbabilities };
      const prepared = new PreparedProblem(settings, checked, given);
      const { problem } = prepared;
      const scratch = new Scratch();
      const rows = new ActiveRows(prepared, scratch, options);
      const monitor = new Monitor(problem, rows, options);
      const random = randomOf(options.seed, rows.drawNumbers);
      try {
        const deltas = await search(problem, { random, scratch, rows, monitor });
        await problem.firstOutputs.check();
        options.signal?.throwIfAborted();
        return tf.tidy(() => {
          const result = rows.adversarial(deltas);
          for (const modality of Object.keys(result)) {
            if (result[modality] === inputs[modality]) result[modality] = tf.clone(result[modality]!);
          }
          return result;
        });
      } finally {
        for (const part of [scratch, rows, monitor, prepared]) part.dispose();
      }
    },
  };
}
