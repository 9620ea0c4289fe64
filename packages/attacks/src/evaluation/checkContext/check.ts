import type { CheckContext } from './checkContext.js';

/** The names of the checks of {@link checkEvaluation}, in order. */
export type CheckName =
  | 'clean-accuracy'
  | 'probabilities'
  | 'randomness'
  | 'batch-dependence'
  | 'zero-gradients'
  | 'ignored-modality'
  | 'saturated-softmax'
  | 'attack'
  | 'rising-loss'
  | 'single-step'
  | 'half-epsilon'
  | 'large-epsilon'
  | 'black-box';

/** The result of one check of an evaluation, as plain data for reports and JSON. */
export interface Finding {
  /** The name of the check. */
  check: CheckName;
  /** A warning means that the robust accuracy may be too high; inconclusive, that the check doesn't apply here. */
  status: 'passed' | 'warning' | 'inconclusive';
  /** What the check found, what that means, and for a warning what to do. */
  message: string;
  /** The numbers behind the message, all finite: counts of samples, fractions in [0, 1], or in the unit that the name says. */
  figures: { [name: string]: number };
}

/** A {@link Finding} without the name of the check. */
export type CheckResult = Omit<Finding, 'check'>;

/** A check: a function of the {@link CheckContext} that all checks share. */
export interface Check {
  /** Its name. */
  readonly name: CheckName;
  /**
   * The samples that the check needs: some that are classified correctly without an attack, or some that are robust to the
   * attack. Absent: it needs none of these.
   */
  readonly needs?: 'correct' | 'robust';
  /** Runs the check. If it throws, the error is reported as a warning. */
  run(context: CheckContext): Promise<CheckResult>;
}

/** The check found nothing wrong. */
export const passed = (message: string, figures: CheckResult['figures'] = {}): CheckResult => ({
  status: 'passed',
  message,
  figures,
});

/** The robust accuracy may be too high. */
export const warning = (message: string, figures: CheckResult['figures'] = {}): CheckResult => ({
  status: 'warning',
  message,
  figures,
});

/** The check can't tell. */
export const inconclusive = (message: string, figures: CheckResult['figures'] = {}): CheckResult => ({
  status: 'inconclusive',
  message,
  figures,
});

/** '3 of 16 samples' */
export const counted = (count: number, of: number): string =>
  `${count} of ${of} ${of === 1 ? 'sample' : 'samples'}`;

/** "3 of the 16 samples that are robust to 'pgd' are", followed by what they are. */
export const countedRobust = (count: number, robust: number, attack: string): string =>
  `${count} of the ${robust} ${robust === 1 ? 'sample that is' : 'samples that are'} robust to '${attack}' ${count === 1 ? 'is' : 'are'}`;

/** A fraction in [0, 1] as '93.8 %'. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;
