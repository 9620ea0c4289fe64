import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { shown, ThreatModelError } from '../errors.js';
import type { Constraint } from './constraint.js';

/** The norms in which a perturbation can be measured, each over all entries of a sample. */
export type NormName = 'linf' | 'l2' | 'l1';

/** What the adversary may do to one input. */
export interface Budget {
  /** The norm that measures the perturbation of a sample. */
  norm: NormName;
  /**
   * Radius of the ball, in the input's own units, 0 or more; a vector `[batch]` gives each sample its own. Attacks that
   * look for the smallest perturbation also take Infinity.
   */
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
  // The attack that it is given to says whether it takes an infinite epsilon.
  checkThreatModel(ball, { unbounded: true });
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

/**
 * A threat model with its epsilons and step sizes multiplied.
 * @param scale 0 or more; a vector `[batch]` scales each sample's epsilon, and leaves step sizes out, so that they
 *   follow from epsilon. Vector epsilons that come of it are the caller's to dispose. An object scales each modality
 *   that it names by a number or vector of its own and leaves the others as they are
 * @throws {ThreatModelError} when an object is given for a joint ball, whose modalities share one epsilon, or names a
 *   modality that has no budget
 */
export function scaledThreatModel(
  threatModel: ThreatModel,
  scale: number | tf.Tensor1D | { readonly [modality: string]: number | tf.Tensor1D },
): ThreatModel {
  if (typeof scale !== 'number' && !(scale instanceof tf.Tensor)) {
    const known = attackedModalities(threatModel);
    if (isJointBall(threatModel)) {
      throw new ThreatModelError(
        `The scales are ${shown(scale)} for ${known.map(shown).join(', ')} in a joint ball, which has one epsilon; expected one scale.`,
      );
    }
    const unknown = Object.keys(scale).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new ThreatModelError(
        `There is a scale for ${unknown.map(shown).join(', ')}; the threat model has budgets for ${known.map(shown).join(', ')}.`,
      );
    }
  }
  const of = (modality: string) =>
    typeof scale === 'number' || scale instanceof tf.Tensor ? scale : (scale[modality] ?? 1);
  return mapBalls(
    threatModel,
    (epsilon, modality) => {
      const times = of(modality);
      return typeof epsilon === 'number' && typeof times === 'number'
        ? epsilon * times
        : tf.tidy(() => tf.mul<tf.Tensor1D>(epsilon, times));
    },
    ({ stepSize, ...budget }, modality) => {
      const times = of(modality);
      return stepSize === undefined || typeof times !== 'number' || times === 0
        ? budget
        : { ...budget, stepSize: stepSize * times };
    },
  );
}

/**
 * The threat model for some rows of a batch: vector epsilons and masks that have one entry per sample are cut to
 * them. {@link disposeDerived} frees what was made.
 * @param inputs the whole batch
 * @param rows indices of the rows, int32
 */
export function takeThreatModelRows(
  threatModel: ThreatModel,
  inputs: Modalities,
  rows: tf.Tensor1D,
): ThreatModel {
  const cut = (mask: tf.Tensor, x: tf.Tensor | undefined) =>
    mask.rank === x?.rank && mask.shape[0] === x.shape[0] ? tf.gather(mask, rows) : mask;
  return mapBalls(
    threatModel,
    (epsilon) => (typeof epsilon === 'number' ? epsilon : tf.gather(epsilon, rows)),
    (budget, modality) =>
      budget.mask === undefined || typeof budget.mask === 'function'
        ? budget
        : { ...budget, mask: cut(budget.mask, inputs[modality]) },
  );
}

/** Frees the tensors of a threat model that the one it was made of doesn't hold. */
export function disposeDerived(derived: ThreatModel, original: ThreatModel): void {
  const kept = new Set(tensorsOf(original));
  for (const tensor of tensorsOf(derived)) if (!kept.has(tensor)) tensor.dispose();
}

function tensorsOf(threatModel: ThreatModel): tf.Tensor[] {
  return ballSpecsOf(threatModel)
    .flatMap(({ epsilon, modalities }) => [epsilon, ...Object.values(modalities).map(({ mask }) => mask)])
    .filter((value): value is tf.Tensor => value instanceof tf.Tensor);
}

/** A threat model of the same balls, with what is made of each one's epsilon and of each modality's budget. */
export function mapBalls(
  threatModel: ThreatModel,
  ofEpsilon: (epsilon: number | tf.Tensor1D, modality: string) => number | tf.Tensor1D,
  ofBudget: <B extends JointBudget>(budget: B, modality: string) => JointBudget,
): ThreatModel {
  if (isJointBall(threatModel)) {
    const modalities = Object.entries(threatModel.modalities).map(([name, budget]) => [
      name,
      ofBudget(budget, name),
    ]);
    return {
      ...threatModel,
      epsilon: ofEpsilon(threatModel.epsilon, ''),
      modalities: Object.fromEntries(modalities),
    };
  }
  return Object.fromEntries(
    Object.entries(threatModel).map(([name, budget]) => [
      name,
      { ...ofBudget(budget, name), norm: budget.norm, epsilon: ofEpsilon(budget.epsilon, name) },
    ]),
  );
}

/** Balls in a common form: the norm, the radius, and what holds for each modality in it. */
export function ballSpecsOf(threatModel: ThreatModel): BallSpec[] {
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
 * @param options.unbounded whether epsilon may be infinite, as minimal-perturbation attacks allow
 * @throws {ThreatModelError} that says which modality's which field was given what
 */
export function checkThreatModel(threatModel: ThreatModel, { unbounded = false } = {}): void {
  if (typeof threatModel !== 'object' || threatModel === null) {
    throw new ThreatModelError(`A threat model maps modality names to budgets; got ${shown(threatModel)}.`);
  }
  const names = attackedModalities(threatModel);
  if (names.length === 0) {
    throw new ThreatModelError(
      "The threat model names no modality; give a budget to at least one, as in { rgb: { norm: 'linf', epsilon: 8 / 255 } }.",
    );
  }
  for (const { norm, epsilon, modalities } of ballSpecsOf(threatModel)) {
    const where = Object.keys(modalities).map(shown).join(', ');
    if (!['linf', 'l2', 'l1'].includes(norm) || (isJointBall(threatModel) && norm === 'l1')) {
      const known = isJointBall(threatModel) ? "'linf' or 'l2'" : "'linf', 'l2' or 'l1'";
      throw new ThreatModelError(`The norm for ${where} is ${shown(norm)}; expected ${known}.`);
    }
    checkEpsilon(epsilon, where, unbounded);
    for (const [modality, budget] of Object.entries(modalities)) checkBudget(budget, modality);
  }
}

function checkEpsilon(epsilon: unknown, where: string, unbounded: boolean): void {
  if (typeof epsilon === 'number') {
    if (!(epsilon >= 0 && (unbounded || epsilon < Infinity))) {
      throw new ThreatModelError(
        `epsilon for ${where} is ${epsilon}; expected a ${unbounded ? '' : 'finite '}number that is 0 or more.`,
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
