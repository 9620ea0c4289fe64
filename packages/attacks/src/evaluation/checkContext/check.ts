import type { CheckContext } from './checkContext.js';

/** What {@link checkEvaluation} can look at, by name and in its order. */
export type CheckName =
  | 'clean-accuracy'
  | 'probabilities'
  | 'randomness'
  | 'batch-dependence'
  | 'zero-gradients'
  | 'saturated-softmax'
  | 'attack'
  | 'rising-loss'
  | 'single-step'
  | 'half-epsilon'
  | 'large-epsilon'
  | 'black-box';

/** What one check of an evaluation found. Plain data: it goes into reports and JSON as it is. */
export interface Finding {
  /** Which check it is of. */
  check: CheckName;
  /** A warning means that the accuracy under attack may be too high; inconclusive, that the check can't tell here. */
  status: 'passed' | 'warning' | 'inconclusive';
  /** What was seen, what it means, and for a warning what to do. */
  message: string;
  /** The numbers behind it, all finite: counts of samples, shares in [0, 1] or in the unit that the name says. */
  figures: { [name: string]: number };
}

/** A finding by a check that knows its own name. */
export type CheckResult = Omit<Finding, 'check'>;

/** A check: a function over what all of them share. */
export interface Check {
  /** Its name. */
  readonly name: CheckName;
  /**
   * What there must be: samples that are right without an attack, or samples that stand against
   * the attack. Absent: the batch is enough.
   */
  readonly needs?: 'correct' | 'robust';
  /** Looks. What it throws becomes a warning that says so. */
  run(subject: CheckContext): Promise<CheckResult>;
}

/** Nothing to be said against the evaluation. */
export const passed = (message: string, figures: CheckResult['figures'] = {}): CheckResult => ({
  status: 'passed',
  message,
  figures,
});

/** Something that makes the accuracy under attack doubtful. */
export const warning = (message: string, figures: CheckResult['figures'] = {}): CheckResult => ({
  status: 'warning',
  message,
  figures,
});

/** Nothing can be told. */
export const inconclusive = (message: string, figures: CheckResult['figures'] = {}): CheckResult => ({
  status: 'inconclusive',
  message,
  figures,
});

/** '3 of 16 samples' */
export const counted = (count: number, of: number): string =>
  `${count} of ${of} ${of === 1 ? 'sample' : 'samples'}`;

/** A share in [0, 1] as '93.8 %'. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
