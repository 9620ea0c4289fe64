import type { NumberArray } from '@amr/attacks';

/** The end of a range, or a scale: a number, the numbers of an array or tensor, or the shape and a hash of a large tensor. */
export type BoundDescription =
  | number
  | NumberArray
  | {
      /** Shape of the tensor. */
      shape: number[];
      /** Hash of its values, in hexadecimal. */
      hash: string;
    };

/** A budget as a report states it. */
export interface BudgetDescription {
  /** Norm of the perturbation. */
  norm: string;
  /** Its limit, in units of the scale, without one in the input's own. */
  epsilon: number;
  /** Unit of the input's values, as the data set names it. */
  unit: string;
  /** Valid values of the input, when there are limits. */
  range?: [BoundDescription, BoundDescription];
  /** Length of a step in the units of epsilon, when it was given. */
  stepSize?: number;
  /** The unit of epsilon, in the input's own, when it was given. */
  scale?: BoundDescription;
  /** Whether a mask says where the attack may write. */
  masked?: boolean;
  /** Number of constraints, when there are any. */
  constraints?: number;
}

/** A threat model as a report states it. */
export interface ThreatModelDescription {
  /** Modalities that may be changed. */
  modalities: string[];
  /** Budget of each. */
  budgets: { [modality: string]: BudgetDescription };
  /** Whether the budgets are one ball over all of them. */
  joint: boolean;
}
