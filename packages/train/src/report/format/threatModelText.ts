import type { BudgetDescription, ThreatModelDescription } from '../data/threatModelDescription.js';

/** A limit in the usual notation: 8/255 for a picture with values in [0, 1], else the number with its unit. */
export function epsilonText({ epsilon, unit, range }: BudgetDescription): string {
  const levels = epsilon * 255;
  const isPicture =
    range?.[0] === 0 && range[1] === 1 && epsilon > 0 && Math.abs(levels - Math.round(levels)) < 1e-6;
  if (isPicture) return `${Math.round(levels)}/255`;
  const number = `${Number(epsilon.toPrecision(3))}`;
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
