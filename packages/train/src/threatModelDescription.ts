import { type Budget, isJointBall, type ThreatModel } from '@amr/attacks';
import { TrainOptionError } from './errors.js';

/** A budget as it stands in a report. */
export interface BudgetDescription {
  /** Norm of the perturbation. */
  norm: string;
  /** Its limit, in the input's own units (in weighted units for a joint ball). */
  epsilon: number;
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

/** A threat model as it stands in a report. */
export interface ThreatModelDescription {
  /** Modalities that may be changed. */
  modalities: string[];
  /** Budget of each. */
  budgets: { [modality: string]: BudgetDescription };
  /** Whether the budgets are one ball over all of them. */
  joint: boolean;
}

/** @throws {TrainOptionError} for a limit that is a vector: batches of a data set have no row of their own in it */
export function describeThreatModel(threatModel: ThreatModel): ThreatModelDescription {
  const joint = isJointBall(threatModel);
  const parts: [string, Partial<Budget> & { weight?: number }][] = Object.entries(
    joint ? threatModel.modalities : threatModel,
  );
  const budgets = parts.map(([modality, budget]): [string, BudgetDescription] => {
    const { norm, epsilon } = joint ? threatModel : (budget as Budget);
    if (typeof epsilon !== 'number') {
      throw new TrainOptionError(
        `epsilon of '${modality}': expected a number for all samples, got a tensor; evaluate groups of samples apart`,
      );
    }
    const { range, stepSize, weight, mask, constraints } = budget;
    return [
      modality,
      {
        norm,
        epsilon,
        ...(range && { range: [range[0], range[1]] as [number, number] }),
        ...(stepSize !== undefined && { stepSize }),
        ...(weight !== undefined && { weight }),
        ...(mask && { masked: true }),
        ...(constraints?.length && { constraints: constraints.length }),
      },
    ];
  });
  return { modalities: parts.map(([modality]) => modality), budgets: Object.fromEntries(budgets), joint };
}
