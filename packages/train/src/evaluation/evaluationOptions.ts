import type { AttackFactory, Budget, ThreatModel } from '@amr/attacks';
import type { Progress } from '@amr/internal';
import type { Shard } from '../report/data/reportData.js';
import type { RobustnessReport } from '../report/robustnessReport.js';
import type { EvaluationChecks } from './evaluationChecks.js';
import type { WeightsOf } from './modalityWeights.js';

/** How far an evaluation is. An item is an attack on one sample; those that aren't needed count as done. */
export interface EvaluationProgress extends Progress {
  /** Condition of the attack that was done last. */
  condition: string;
  /** Name of the attack that was done last. */
  attack: string;
}

/** Options of {@link evaluateRobustness}; either `budgets` or `conditions` is needed. */
export interface EvaluationOptions {
  /** A budget for each modality: each is attacked alone, then all together. */
  budgets?: { readonly [modality: string]: Budget };
  /** Threat models by name, instead of those that `budgets` gives. */
  conditions?: { readonly [condition: string]: ThreatModel };
  /** Attacks by name. Default: `FGSM`, and `PGD-20`: pgd with its defaults, 20 steps and no random start. */
  attacks?: { readonly [name: string]: AttackFactory };
  /** Report of the undefended model, on the same samples: RI is measured against it. Default: none, and no RI. */
  baseline?: RobustnessReport;
  /** Evaluates a part of the test set only; `mergeReports` joins the parts. Default: the whole set. */
  shard?: Shard;
  /** Samples in a batch. Default: 32. */
  batchSize?: number;
  /**
   * Whole number from 0, for random starts. The random numbers of a batch depend on the seed, the batch's number, the
   * condition and the attack. Default: 0.
   */
  seed?: number;
  /**
   * Whether a sample's first success ends an attack on it, as `stopWhenFooled` of `perturb` in `@amr/attacks`: robust
   * accuracy is then that of the best point on the way, lower than or equal to that of the last one, and samples that
   * are fooled cost no more steps. Foolbox's and torchattacks' gradient attacks evaluate the last point, those of
   * AutoAttack every point. The classifier must take batches of any size. Default: false.
   */
  stopWhenFooled?: boolean;
  /** Stops the evaluation; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives progress after each batch and attack. The evaluation waits for it. */
  onProgress?: (progress: EvaluationProgress) => void | Promise<void>;
  /** The weights that a model gives its modalities; their means on clean and on attacked samples join the report. */
  weightsOf?: WeightsOf;
  /**
   * Signs to look for that the attacks fail, on a few samples of one condition, before the evaluation. Checks that cost a
   * few passes (`cheapCheckNames` of `@amr/attacks`) are always made; true, or options, adds those that run attacks. The
   * findings join the report. With shards, the first one runs the checks. Default: false.
   */
  checks?: boolean | EvaluationChecks;
  /** Whether to evaluate a classifier that gives probabilities instead of logits. Default: false, it is an error. */
  allowProbabilities?: boolean;
  /**
   * Number of classifier calls by whose mean each prediction is made, with and without an attack, for classifiers that are
   * random. Default: 1.
   */
  eotSamples?: number;
  /**
   * What happens to samples whose gradient has NaN or infinite entries: 'throw' ends the evaluation with an error that names
   * them, with 'skip' they come back clean and count as robust, and the report names them. Default: 'throw'.
   */
  onNonFinite?: 'throw' | 'skip';
}
