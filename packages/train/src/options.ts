import { optionChecks } from '@amr/internal';
import { ReportError, TrainOptionError } from './errors.js';

/** Checks of options. They throw {@link TrainOptionError}, which names the option by its path, as in `cosine.warmup`. */
export const { checkCount, checkNotNegative, checkOneOf, checkOption, rejectUnknownOptions } =
  /* @__PURE__ */ optionChecks((message) => new TrainOptionError(message));

/** The same checks for reports: they throw {@link ReportError}. */
export const reportChecks = /* @__PURE__ */ optionChecks((message) => new ReportError(message));

/** Refuses what is not a fraction in [0, 1). */
export function checkFraction(name: string, value: number): void {
  checkOption(name, value, value >= 0 && value < 1, 'a number in [0, 1)');
}
