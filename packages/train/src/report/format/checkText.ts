import type { CheckSummary, SummarisedFinding } from '../figures/checkSummary.js';

/** '2 warnings, 1 inconclusive, 9 passed' */
export function checkCounts({ warnings, inconclusive, passed }: CheckSummary): string {
  return [
    warnings.length > 0 && warningCount(warnings.length),
    inconclusive.length > 0 && `${inconclusive.length} inconclusive`,
    passed.length > 0 && `${passed.length} passed`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** '1 warning' */
export const warningCount = (count: number): string => `${count} ${count === 1 ? 'warning' : 'warnings'}`;

/** 'black-box (1 of 3 seeds)' */
export const checkLabel = ({ check, seeds }: SummarisedFinding): string =>
  seeds ? `${check} (${seeds})` : check;
