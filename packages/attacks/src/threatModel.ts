import type * as tf from '@tensorflow/tfjs-core';
import type { Constraint } from './constraint.js';
import { shown, ThreatModelError } from './errors.js';

/** The norms in which a perturbation can be measured, each over all entries of a sample. */
export type NormName = 'linf' | 'l2' | 'l1';

/** What the adversary may do to one input. */
export interface Budget {
  /** The norm that measures the perturbation of a sample. */
  norm: NormName;
  /** Radius of the ball, in the input's own units, 0 or more; a vector `[batch]` gives each sample its own. */
  epsilon: number | tf.Tensor1D;
  /** Length of a step in `norm` and the input's own units. Default: 2.5 * epsilon / steps. Single-step attacks ignore it. */
  stepSize?: number;
  /** Valid values of this input, smallest and largest; absent: unbounded. */
  range?: [number, number];
  /**
   * 1 where the attack may write, 0 where it may not, so that padded frames and absent bodies stay as they are.
   * Of the input's shape or one that broadcasts to it; a function makes it from the clean input.
   */
  mask?: tf.Tensor | ((x: tf.Tensor) => tf.Tensor);
  /** Rules applied in order after the step, before the ball and the range. */
  constraints?: Constraint[];
}

/** What the adversary may do to one of the inputs under a {@link JointBall}. */
export interface JointBudget extends Omit<Budget, 'norm' | 'epsilon'> {
  /** Scales this input's units in the common norm: a change of d counts as weight * d. Default 1. */
  weight?: number;
}

/** One ball over several inputs together; see {@link jointBall}. */
export interface JointBall {
  /** Tells a joint ball from a budget for each modality. */
  readonly kind: 'joint';
  /** The norm over the weighted perturbations of all its modalities. */
  readonly norm: 'l2' | 'linf';
  /** Its radius, in weighted units; a vector `[batch]` gives each sample its own. */
  readonly epsilon: number | tf.Tensor1D;
  /** The modalities that share it. */
  readonly modalities: {
    /** What holds for the input of that name. */
    readonly [modality: string]: JointBudget;
  };
}

/** What the adversary may change and by how much. Modalities that are not named are left exactly as they are. */
export type ThreatModel =
  | {
      /** The budget of the input of that name. */
      [modality: string]: Budget;
    }
  | JointBall;

/**
 * One ball over several inputs together, instead of one for each: `norm` of the weighted perturbations of all
 * its modalities, joined end to end, is at most `epsilon`. The adversary chooses how to split it.
 * With 'linf' this is a ball of radius epsilon / weight in each; with 'l2' it is more than a product of balls.
 * @param norm the common norm
 * @param epsilon radius in weighted units, 0 or more; a vector `[batch]` gives each sample its own
 * @param modalities the inputs that share it, each with its range, mask, constraints, weight and step size (in
 *   its own units; default 2.5 * epsilon / (steps * weight))
 * @throws {ThreatModelError} when a number is outside its values or no modality is named
 * @example
 * ```ts
 * import { jointBall, pgd } from '@amr/attacks';
 * // 0.02 m of one joint's coordinate cost as much as 8/255 of one pixel.
 * const epsilon = 1;
 * const attack = pgd(
 *   jointBall('l2', epsilon, {
 *     rgb: { weight: 255 / 8, range: [0, 1] },
 *     skeleton: { weight: 1 / 0.02 },
 *   }),
 * );
 * console.log(attack.name);
 * ```
 */
export function jointBall(
  norm: 'l2' | 'linf',
  epsilon: number | tf.Tensor1D,
  modalities: { [modality: string]: JointBudget },
): JointBall {
  const ball: JointBall = { kind: 'joint', norm, epsilon, modalities };
  checkThreatModel(ball);
  return ball;
}

/** Whether a threat model is one ball over several inputs. */
export function isJointBall(threatModel: ThreatModel): threatModel is JointBall {
  return (threatModel as JointBall).kind === 'joint';
}

/** The names of the modalities that a threat model lets the adversary change, in its order. */
export function attackedModalities(threatModel: ThreatModel): string[] {
  return Object.keys(isJointBall(threatModel) ? threatModel.modalities : threatModel);
}

/** Balls in a common form: the norm, the radius, and what holds for each modality in it. */
export function ballsOf(threatModel: ThreatModel): BallSpec[] {
  if (isJointBall(threatModel)) {
    const { norm, epsilon, modalities } = threatModel;
    return [{ norm, epsilon, modalities }];
  }
  return Object.entries(threatModel).map(([modality, budget]) => ({
    norm: budget.norm,
    epsilon: budget.epsilon,
    modalities: { [modality]: budget },
  }));
}

/** One ball of a threat model. */
export interface BallSpec {
  norm: NormName;
  epsilon: number | tf.Tensor1D;
  modalities: { readonly [modality: string]: JointBudget };
}

/**
 * Checks what can be checked without the inputs.
 * @throws {ThreatModelError} that says which modality's which field was given what
 */
export function checkThreatModel(threatModel: ThreatModel): void {
  if (typeof threatModel !== 'object' || threatModel === null) {
    throw new ThreatModelError(`A threat model maps modality names to budgets; got ${shown(threatModel)}.`);
  }
  const names = attackedModalities(threatModel);
  if (names.length === 0) {
    throw new ThreatModelError(
      "The threat model names no modality; give a budget to at least one, as in { rgb: { norm: 'linf', epsilon: 8 / 255 } }.",
    );
  }
  for (const { norm, epsilon, modalities } of ballsOf(threatModel)) {
    const where = Object.keys(modalities).map(shown).join(', ');
    if (!['linf', 'l2', 'l1'].includes(norm) || (isJointBall(threatModel) && norm === 'l1')) {
      const known = isJointBall(threatModel) ? "'linf' or 'l2'" : "'linf', 'l2' or 'l1'";
      throw new ThreatModelError(`The norm for ${where} is ${shown(norm)}; expected ${known}.`);
    }
    checkEpsilon(epsilon, where);
    for (const [modality, budget] of Object.entries(modalities)) checkBudget(budget, modality);
  }
}

function checkEpsilon(epsilon: unknown, where: string): void {
  if (typeof epsilon === 'number') {
    if (!(epsilon >= 0 && epsilon < Infinity)) {
      throw new ThreatModelError(
        `epsilon for ${where} is ${epsilon}; expected a finite number that is 0 or more.`,
      );
    }
  } else if ((epsilon as tf.Tensor | undefined)?.rank !== 1) {
    throw new ThreatModelError(
      `epsilon for ${where} is ${shown(epsilon)}; expected a number or a tensor of shape [batch].`,
    );
  }
}

function checkBudget({ stepSize, range, weight }: JointBudget, modality: string): void {
  const positive = (value: number | undefined, field: string) => {
    if (value !== undefined && !(value > 0 && value < Infinity)) {
      throw new ThreatModelError(
        `${field} for '${modality}' is ${shown(value)}; expected a finite number above 0.`,
      );
    }
  };
  positive(stepSize, 'stepSize');
  positive(weight, 'weight');
  if (range === undefined) return;
  const [low, high] = range;
  if (range.length !== 2 || !(low < high)) {
    throw new ThreatModelError(
      `range for '${modality}' is ${shown(range)}; expected [smallest, largest] with smallest below largest.`,
    );
  }
}
