import type {
  BoundDescription,
  BudgetDescription,
  ThreatModelDescription,
} from '../data/threatModelDescription.js';

/**
 * A limit in the usual notation: 8/255 for a picture with values in [0, 1], else the number with its unit. With a scale
 * the limit is a multiple of it: `2 x 0.02 m`.
 */
export function epsilonText({ epsilon, unit, range, scale }: BudgetDescription): string {
  if (scale !== undefined) return `${short(epsilon)} x ${withUnit(boundText(scale), unit)}`;
  const levels = epsilon * 255;
  const isPicture =
    range?.[0] === 0 && range[1] === 1 && epsilon > 0 && Math.abs(levels - Math.round(levels)) < 1e-6;
  if (isPicture) return `${Math.round(levels)}/255`;
  return withUnit(short(epsilon), unit);
}

function withUnit(number: string, unit: string): string {
  return unit === 'metres' ? `${number} m` : unit === '' || unit === 'one' ? number : `${number} ${unit}`;
}

/** How many numbers of an array are written out; longer ones are named by their shape. */
const MAX_NUMBERS = 8;

function boundText(bound: BoundDescription): string {
  if (typeof bound === 'number') return short(bound);
  if ('shape' in bound) return `a tensor [${bound.shape.join(', ')}]`;
  const numbers = JSON.stringify(bound).match(/[^[\],]+/g) ?? [];
  return numbers.length > MAX_NUMBERS
    ? `an array of ${numbers.length} numbers`
    : `[${numbers.map((number) => short(Number(number))).join(', ')}]`;
}

function short(number: number): string {
  return `${Number(number.toPrecision(3))}`;
}

/** A threat model in a line: `rgb linf 8/255, skeleton linf 0.02 m`. */
export function threatModelText({ budgets, joint }: ThreatModelDescription): string {
  const parts = Object.entries(budgets).map(([modality, budget]) =>
    joint
      ? `${modality}${budget.scale === undefined ? '' : ` / ${withUnit(boundText(budget.scale), budget.unit)}`}`
      : `${modality} ${budget.norm} ${epsilonText(budget)}`,
  );
  if (!joint) return parts.join(', ');
  const first = Object.values(budgets)[0]!;
  return `${parts.join(' + ')} in one ${first.norm} ball of ${short(first.epsilon)}`;
}
