import { budgetChecks } from '../options.js';
import { checkThreatModel } from './checkThreatModel.js';
import type { Budget, ThreatModel } from './threatModel.js';

/**
 * The conditions under which a multimodal model is tested: each modality is attacked alone, then all together.
 * The joint condition is called `both` for two modalities and `all` for more; with a single modality there is none.
 * @param budgets the budget of each modality
 * @returns condition name -> threat model, in the order of `budgets`, the joint one last
 * @throws {ThreatModelError} when a budget is not valid or a modality has the joint condition's name
 * @example
 * ```ts
 * import { attackConditions } from '@amr/attacks';
 * const conditions = attackConditions({
 *   rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] },
 *   skeleton: { norm: 'linf', epsilon: 0.02 },
 * });
 * console.log(Object.keys(conditions)); // rgb, skeleton, both
 * ```
 */
export function attackConditions(budgets: { [modality: string]: Budget }): {
  [condition: string]: ThreatModel;
} {
  checkThreatModel(budgets, { path: 'attackConditions' });
  const names = Object.keys(budgets);
  const conditions: { [condition: string]: ThreatModel } = {};
  for (const name of names) conditions[name] = { [name]: budgets[name]! };
  if (names.length === 1) return conditions;
  const joint = names.length === 2 ? 'both' : 'all';
  budgetChecks.checkOption(
    'attackConditions',
    names,
    !names.includes(joint),
    `modalities other than '${joint}', the name of the condition that attacks all of them`,
    'Rename the modality.',
  );
  conditions[joint] = { ...budgets };
  return conditions;
}
