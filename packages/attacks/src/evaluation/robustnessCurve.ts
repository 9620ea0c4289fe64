import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { AttackOptionsError, shown } from '../errors.js';
import type { Attack, PerturbOptions } from '../search/attack.js';
import { BatchAttack } from '../search/batchAttack.js';
import { disposeDerived } from '../threatModel/ballSpecs.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { scaleExcept } from '../threatModel/scaleExcept.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link robustnessCurve}. */
export interface RobustnessCurveOptions
  extends Pick<PerturbOptions, 'targets' | 'seed' | 'rows' | 'stopWhenFooled' | 'signal'> {
  /** Scales of the threat model, 0 or more; 0 is no attack. Default: 0, 0.25, 0.5, 1, 2. */
  scales?: readonly number[];
  /** Modalities whose budget stays as it is, at scale 0 too, while the others are scaled. Default: none. */
  fixed?: readonly string[];
  /** Called after each scale with what has been found there, and waited for. What it throws ends the evaluation. */
  onProgress?: (progress: RobustnessCurveProgress) => void | Promise<void>;
}

/** One point of a curve of {@link robustnessCurve}. */
export interface RobustnessCurveProgress {
  /** The scale that is done. */
  scale: number;
  /** The accuracy there. */
  accuracy: number;
}

/** Accuracy against the size of the perturbation, on one batch. */
export interface AccuracyCurve {
  /** From the smallest to the largest, each once. */
  scales: number[];
  /** At each scale the share in [0, 1] of samples that are not fooled. */
  accuracy: number[];
  /** At each scale, for each sample, whether it is fooled at that scale or a smaller one. */
  fooled: boolean[][];
}

/**
 * What a classifier still gets right at several scales of a threat model, all budgets growing together, or one
 * modality's staying as it is. A sample that is fooled at a smaller scale counts as fooled at every larger one, whose
 * balls hold the same perturbation, and is not attacked again: the curve never rises, and a point of it may lie
 * slightly below what one attack at that scale finds. One that is wrong when clean is fooled at every scale. With
 * targets, fooled means that the target is predicted.
 *
 * Step sizes that the threat model names are scaled too, unless its epsilons are vectors.
 *
 * Costs a forward pass, and a run of the attack and a forward pass at each scale above 0 (and at 0 if modalities
 * are fixed), on the samples that are left, in batches of any size. For a whole data set see `evaluateCurve` of @amr/train. As Foolbox's calls
 * with a list of epsilons, save that those attack all samples at each epsilon; torchattacks has no such function.
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
 * import { type Classifier, fgsm, robustnessCurve } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.tidy(() => tf.stack([x!, tf.onesLike(x!)], 1)) as tf.Tensor2D;
 * const { scales, accuracy } = await robustnessCurve(
 *   (threatModel) => fgsm(threatModel),
 *   { x: { norm: 'linf', epsilon: 0.1 } },
 *   classifier,
 *   { x: tf.tensor1d([1.01, 1.08, 1.3]) },
 *   tf.tensor1d([0, 0, 0], 'int32'),
 *   { scales: [0, 0.5, 1, 4] },
 * );
 * console.log(scales, accuracy); // 1, 2/3, 1/3, 0
 * ```
 */
export async function robustnessCurve(
  attack: (threatModel: ThreatModel) => Attack,
  threatModel: ThreatModel,
  classifier: Classifier,
  inputs: Modalities,
  labels: tf.Tensor1D,
  options: RobustnessCurveOptions = {},
): Promise<AccuracyCurve> {
  const scales = [...new Set(options.scales ?? [0, 0.25, 0.5, 1, 2])].sort((a, b) => a - b);
  checkThreatModel(threatModel);
  if (scales.length === 0 || !scales.every((scale) => scale >= 0 && scale < Infinity)) {
    throw new AttackOptionsError(
      `scales is ${shown([...(options.scales ?? [])])}; expected one or more finite numbers, 0 or more.`,
    );
  }
  const scaling = scaleExcept(threatModel, options.fixed ?? []);
  attack(threatModel);

  const standings = await BatchAttack.create([threatModel], classifier, inputs, labels, options);
  try {
    await standings.evaluateClean();
    const fallen = [...standings.fooled];
    const curve: AccuracyCurve = { scales, accuracy: [], fooled: [] };
    for (const scale of scales) {
      const left = standings.rows.filter((row) => !fallen[row]);
      const model = scale === 0 ? scaling.fixedBudgets : scaling.at(scale);
      try {
        if (model && left.length > 0) {
          const run = await standings.attackRows(left, model, attack);
          tf.dispose(run.adversarial);
          for (const [k, row] of left.entries()) fallen[row] = run.fooled[k]!;
        }
      } finally {
        if (model) disposeDerived(model, threatModel);
      }
      const accuracy = fallen.filter((fooled) => !fooled).length / fallen.length;
      curve.accuracy.push(accuracy);
      curve.fooled.push([...fallen]);
      await options.onProgress?.({ scale, accuracy });
    }
    return curve;
  } finally {
    standings.dispose();
  }
}
