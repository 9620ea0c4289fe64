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

/** What the adversary may do to one input. */
export interface Budget {
  /** The norm that measures the perturbation of a sample. */
  norm: NormName;
  /**
   * Radius of the ball, in the input's own units, 0 or more; a vector `[batch]` gives each sample its own. Attacks that
   * look for the smallest perturbation also take Infinity.
   */
  epsilon: number | tf.Tensor1D;
  /** Length of a step, in `norm` and the input's own units. Default: 2.5 * epsilon / steps. Single-step attacks ignore it. */
  stepSize?: number;
  /** Smallest and largest valid value of this input. Default: any value is valid. */
  range?: [number, number];
  /**
   * 1 where the attack may write, 0 where it may not, so that padded frames and absent bodies stay as they are. The mask
   * has the input's shape or one that broadcasts to it; a function computes it from the clean input.
   */
  mask?: tf.Tensor | ((x: tf.Tensor) => tf.Tensor);
  /** Constraints, applied in this order after the step and before the ball and the range. */
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
