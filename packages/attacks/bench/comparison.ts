import type { Run } from './runner.js';

/** What one attack took in both builds, round by round. */
export interface Rounds {
  readonly attack: string;
  readonly older: readonly Run[];
  readonly newer: readonly Run[];
}

/** Figures of {@link Rounds}. Ratios are this build's time divided by the older one's in the same round. */
export interface Comparison {
  readonly attack: string;
  /** Medians, in seconds. */
  readonly older: number;
  readonly newer: number;
  /** By the clock: median, smallest and largest. */
  readonly ratio: readonly [median: number, low: number, high: number];
  /** The same for the processor's time, which other programs change less. */
  readonly processorRatio: readonly [median: number, low: number, high: number];
  /** Largest divided by smallest time of one build across rounds, the worse of both: 1 on a quiet machine. */
  readonly unrest: number;
  /** Smallest share of its time that a build had a processor for. The attacks use one, so 1 is an idle machine. */
  readonly busy: number;
  /** Largest difference of the points that both found, and the accuracies on them. */
  readonly difference: number;
  readonly accuracies: readonly [older: number, newer: number];
}

/** The figures of an attack. */
export function comparisonOf({ attack, older, newer }: Rounds): Comparison {
  const seconds = [older, newer].map((runs) => runs.map((one) => one.seconds));
  const ratios = (key: 'seconds' | 'processor') => spread(newer.map((one, i) => one[key] / older[i]![key]));
  const [before, after] = [older.at(-1)!, newer.at(-1)!];
  return {
    attack,
    older: spread(seconds[0]!)[0],
    newer: spread(seconds[1]!)[0],
    ratio: ratios('seconds'),
    processorRatio: ratios('processor'),
    unrest: Math.max(...seconds.map((all) => Math.max(...all) / Math.min(...all))),
    busy: Math.min(...[...older, ...newer].map((one) => one.processor / one.seconds)),
    difference: before.points.reduce((most, x, i) => Math.max(most, Math.abs(x - after.points[i]!)), 0),
    accuracies: [before.accuracy, after.accuracy],
  };
}

function spread(numbers: readonly number[]): [median: number, low: number, high: number] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return [(sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2, sorted[0]!, sorted.at(-1)!];
}

/** Slower in every round, by the clock and by the processor, and by more than 3 % in the middle one. */
export function isSlower({ ratio, processorRatio }: Comparison): boolean {
  return [ratio, processorRatio].every(([median, low]) => low > 1 && median > 1.03);
}

/** Why these figures may not be trusted; empty for an idle machine. */
export function warningsOf(comparisons: readonly Comparison[]): string[] {
  const warnings: string[] = [];
  const least = Math.min(...comparisons.map(({ busy }) => busy));
  if (least < 0.95) {
    warnings.push(
      `The machine was not idle: in one of the runs a build had a processor for only ${(100 * least).toFixed(0)} % of the time. Ratios of processor time change less.`,
    );
  }
  const restless = comparisons.filter(({ unrest }) => unrest > 1.1).map(({ attack }) => attack);
  if (restless.length > 0) {
    warnings.push(
      `One and the same build took over 10 % longer in some rounds than in others for: ${restless.join('; ')}. Look at the spread.`,
    );
  }
  return warnings;
}

const HEAD = `${'attack'.padEnd(24)}${'older s'.padStart(9)}${'newer s'.padStart(9)}${'clock ratio (spread)'.padStart(24)}${'processor ratio (spread)'.padStart(26)}${'same build'.padStart(12)}  points`;

/** The table's first line. */
export const headOf = (): string => HEAD;

/** A line of the table. */
export function lineOf(comparison: Comparison): string {
  const { attack, older, newer, ratio, processorRatio, unrest, difference, accuracies } = comparison;
  const range = ([median, low, high]: Comparison['ratio']) =>
    `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const percent = (accuracy: number) => `${(100 * accuracy).toFixed(1)} %`;
  const points =
    difference === 0
      ? 'equal'
      : `differ by up to ${difference.toExponential(0)}; accuracy ${accuracies.map(percent).join(', ')}`;
  return [
    attack.padEnd(24),
    older.toFixed(3).padStart(9),
    newer.toFixed(3).padStart(9),
    range(ratio).padStart(24),
    range(processorRatio).padStart(26),
    unrest.toFixed(2).padStart(12),
    `  ${points}`,
    isSlower(comparison) ? '  SLOWER' : '',
  ].join('');
}
