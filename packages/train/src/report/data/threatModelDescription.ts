/** A budget as a report states it. */
export interface BudgetDescription {
  /** Norm of the perturbation. */
  norm: string;
  /** Its limit, in the input's own units (in weighted units for a joint ball). */
  epsilon: number;
  /** Unit of the input's values, as the data set names it. */
  unit: string;
  /** Valid values of the input, when there are limits. */
  range?: [number, number];
  /** Length of a step, when it was given. */
  stepSize?: number;
  /** Weight of the input in a joint ball. */
  weight?: number;
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
