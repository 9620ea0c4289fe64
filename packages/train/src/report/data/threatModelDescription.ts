import { type Budget, isJointBall, type ThreatModel } from '@amr/attacks';
import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../../errors.js';

/** A budget as it stands in a report. */
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
export function describeThreatModel(
  threatModel: ThreatModel,
  modalities: Dataset['modalities'],
): ThreatModelDescription {
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
        unit: modalities[modality]!.unit,
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

/** A limit as people write it: 8/255 for a picture with values in [0, 1], else the number with its unit. */
export function epsilonText({ epsilon, unit, range }: BudgetDescription, scale = 1): string {
  const value = epsilon * scale;
  const steps = value * 255;
  const isPicture =
    range?.[0] === 0 && range[1] === 1 && value > 0 && Math.abs(steps - Math.round(steps)) < 1e-6;
  if (isPicture) return `${Math.round(steps)}/255`;
  const number = `${Number(value.toPrecision(3))}`;
  return unit === 'metres' ? `${number} m` : unit === '' || unit === 'one' ? number : `${number} ${unit}`;
}

/** A threat model in a line: `rgb linf 8/255, skeleton linf 0.02 m`. */
export function threatModelText({ budgets, joint }: ThreatModelDescription): string {
  const parts = Object.entries(budgets).map(([modality, budget]) =>
    joint
      ? `${modality}${budget.weight === undefined ? '' : ` x ${Number(budget.weight.toPrecision(3))}`}`
      : `${modality} ${budget.norm} ${epsilonText(budget)}`,
  );
  if (!joint) return parts.join(', ');
  const first = Object.values(budgets)[0]!;
  return `${parts.join(' + ')} in one ${first.norm} ball of ${Number(first.epsilon.toPrecision(3))}`;
}
