import { attackConditions, attackedModalities, type ThreatModel } from '@amr/attacks';
import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import type { EvaluationOptions } from './evaluationOptions.js';

/**
 * Threat models by name, as given or made from budgets.
 * @param path name of the function whose options they are, for messages
 * @throws {TrainOptionError} when there is no condition, or one attacks a modality that the data set doesn't have
 */
export function conditionsOf(
  path: string,
  { budgets, conditions }: Pick<EvaluationOptions, 'budgets' | 'conditions'>,
  testSet: Dataset,
): [string, ThreatModel][] {
  if ((budgets === undefined) === (conditions === undefined)) {
    const got = budgets ? 'both budgets and conditions' : 'neither budgets nor conditions';
    throw new TrainOptionError(
      `${path}: got ${got}; expected either budgets, one for each modality, or conditions.`,
    );
  }
  const named = Object.entries(conditions ?? attackConditions({ ...budgets! }));
  if (named.length === 0) {
    throw new TrainOptionError(`${path}.conditions: got none; expected one or more.`);
  }
  const known = Object.keys(testSet.modalities);
  for (const [condition, threatModel] of named) {
    const unknown = attackedModalities(threatModel).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new TrainOptionError(
        `${path}: got a budget for '${unknown.join("', '")}' in the condition '${condition}'; expected the data set's ` +
          `modalities [${known.join(', ')}].`,
      );
    }
  }
  return named;
}
