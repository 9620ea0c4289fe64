import { optionChecks } from '@amr/internal';
import { ReportError, TrainOptionError } from './errors.js';

export { optionKeys } from '@amr/internal';

/** Checks of options. They throw {@link TrainOptionError}, which names the option by its path, as in `cosine.warmup`. */
export const {
  checkBoolean,
  checkCount,
  checkFraction,
  checkNotNegative,
  checkOneOf,
  checkOption,
  rejectUnknownOptions,
} = /* @__PURE__ */ optionChecks((message) => new TrainOptionError(message));

/** The same checks for reports: they throw {@link ReportError}. */
export const reportChecks = /* @__PURE__ */ optionChecks((message) => new ReportError(message));
