import { optionChecks } from '@amr/internal';
import { AttackOptionsError, ThreatModelError } from './errors.js';

export { optionKeys } from '@amr/internal';

/** Checks of options. They throw {@link AttackOptionsError}, which names the option by its path, as in `pgd.steps`. */
export const {
  checkBoolean,
  checkCount,
  checkNotNegative,
  checkNumber,
  checkOneOf,
  checkOption,
  checkPositive,
  rejectUnknownOptions,
} = /* @__PURE__ */ optionChecks((message) => new AttackOptionsError(message));

/** The same checks for budgets: they throw {@link ThreatModelError}. */
export const budgetChecks = /* @__PURE__ */ optionChecks((message) => new ThreatModelError(message));

/**
 * Refuses restarts that would all be the same.
 * @param path what the options belong to, as in `pgd`
 * @throws {AttackOptionsError} for several restarts without a random start, and for what is not a number of restarts
 */
export function checkRestarts(path: string, restarts: number, randomStart: boolean): void {
  checkCount(`${path}.restarts`, restarts);
  checkOption(
    `${path}.restarts`,
    restarts,
    restarts === 1 || randomStart,
    '1 where randomStart is false, as all restarts would be the same',
    'Leave randomStart out or set it to true.',
  );
}
