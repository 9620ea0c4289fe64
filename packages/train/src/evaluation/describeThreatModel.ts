import { type Bound, type Budget, isJointBall, type ThreatModel } from '@amr/attacks';
import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import type {
  BoundDescription,
  BudgetDescription,
  ThreatModelDescription,
} from '../report/data/threatModelDescription.js';

/**
 * A threat model as a report states it.
 * @throws {TrainOptionError} for a limit that is a vector: the samples of a data set have no rows in it
 */
export function describeThreatModel(
  threatModel: ThreatModel,
  modalities: Dataset['modalities'],
): ThreatModelDescription {
  const joint = isJointBall(threatModel);
  const parts: [string, Partial<Budget>][] = Object.entries(joint ? threatModel.modalities : threatModel);
  const budgets = parts.map(([modality, budget]): [string, BudgetDescription] => {
    const { norm, epsilon } = joint ? threatModel : (budget as Budget);
    if (typeof epsilon !== 'number') {
      throw new TrainOptionError(
        `threatModel.${modality}.epsilon: got a tensor; expected a number for all samples. Evaluate groups of samples ` +
          'with different limits separately.',
      );
    }
    const { range, stepSize, scale, mask, constraints } = budget;
    return [
      modality,
      {
        norm,
        epsilon,
        unit: modalities[modality]!.unit,
        ...(range && {
          range: [describeBound(range[0]), describeBound(range[1])] as [BoundDescription, BoundDescription],
        }),
        ...(stepSize !== undefined && { stepSize }),
        ...(scale !== undefined && { scale: describeBound(scale) }),
        ...(mask && { masked: true }),
        ...(constraints?.length && { constraints: constraints.length }),
      },
    ];
  });
  return { modalities: parts.map(([modality]) => modality), budgets: Object.fromEntries(budgets), joint };
}

/** A number or an array as it is, a tensor by its shape: its values may be many, and reading them back takes time. */
function describeBound(bound: Bound): BoundDescription {
  return typeof bound === 'object' && 'dataId' in bound ? { shape: [...bound.shape] } : bound;
}
