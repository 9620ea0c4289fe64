/*
 * What the adversary may change: plain objects, written by hand, printed and compared like any other data, without methods.
 * Either each modality has its own budget and ball, or several modalities share one ball. The other files of
 * this folder read a threat model through `ballSpecsOf`, which gives both kinds the same form; `ballsAround` puts the balls
 * around a batch.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Constraint } from './constraint.js';

/** The norms in which a perturbation can be measured, each over all entries of a sample. */
export type NormName = 'linf' | 'l2' | 'l1';

/**
 * A number, or one for each channel or element: an array, nested where it has several axes, or a tensor, float32 or int32.
 * Its shape is the input's or one that broadcasts to it; a first axis as long as the batch is that of the samples if there
 * are as many axes as in the input.
 */
export type Bound = number | NumberArray | tf.Tensor;

/** Numbers in an array, or arrays of equal shape. */
export interface NumberArray extends ReadonlyArray<number | NumberArray> {}

/** What the adversary may do to one input. */
export interface Budget {
  /** The norm that measures the perturbation of a sample. */
  norm: NormName;
  /**
   * Radius of the ball, in units of `scale`, by default the input's own, 0 or more; a vector `[batch]` gives each sample its
   * own. Attacks that look for the smallest perturbation also take Infinity.
   */
  epsilon: number | tf.Tensor1D;
  /** Length of a step, in `norm` and the units of epsilon. Default: 2.5 * epsilon / steps. Single-step attacks ignore it. */
  stepSize?: number;
  /**
   * Smallest and largest valid value of this input, the same everywhere or for each channel or element. The first is below
   * the second everywhere; both may be infinite. Default: any value is valid.
   */
  range?: readonly [Bound, Bound];
  /**
   * The unit of epsilon and stepSize, above 0, for the whole input or for each channel or element: a change of d counts as
   * d / scale. Features of different units get their standard deviations as the scale, which gives epsilon in deviations;
   * pixels that were divided by a deviation get its inverse, which gives epsilon in pixels. In a joint ball the scale sets
   * what a change of this input costs. Default 1: the input's own unit.
   */
  scale?: Bound;
  /**
   * 1 where the attack may write, 0 where it may not, so that padded frames and absent bodies stay as they are. The mask
   * has the input's shape or one that broadcasts to it; a function computes it from the clean input.
   */
  mask?: tf.Tensor | ((x: tf.Tensor) => tf.Tensor);
  /** Constraints, applied in this order after the step and before the ball and the range. */
  constraints?: Constraint[];
}

/** What the adversary may do to one of the inputs under a {@link JointBall}, which has one norm and one epsilon for all of them. */
export type JointBudget = Omit<Budget, 'norm' | 'epsilon'>;

/** One ball over several inputs together; see {@link jointBall}. */
export interface JointBall {
  /** Tells a joint ball from a budget for each modality. */
  readonly kind: 'joint';
  /** The norm over the perturbations of all its modalities, each divided by its scale. */
  readonly norm: 'l2' | 'linf';
  /** Its radius, in units of the scales; a vector `[batch]` gives each sample its own. */
  readonly epsilon: number | tf.Tensor1D;
  /** The modalities that share it. */
  readonly modalities: {
    /** What the adversary may do to the input of that name. */
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

/** Whether a threat model is one ball over several inputs. */
export function isJointBall(threatModel: ThreatModel): threatModel is JointBall {
  return (threatModel as JointBall).kind === 'joint';
}

/** The names of the modalities that a threat model lets the adversary change, in its order. */
export function attackedModalities(threatModel: ThreatModel): string[] {
  return Object.keys(isJointBall(threatModel) ? threatModel.modalities : threatModel);
}
