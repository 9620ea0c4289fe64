import { optionChecks } from '@amr/internal';
import { FormatOptionsError } from './errors.js';

/** Checks of options. They throw {@link FormatOptionsError}, which names the option by its path, as in `readMat.maxBytes`. */
const checks = /* @__PURE__ */ optionChecks((message) => new FormatOptionsError(message));

/** Refuses unknown options. */
export const { rejectUnknownOptions } = checks;

/** Refuses a limit that is not a number of bytes: nothing would exceed NaN. */
export function checkMaxBytes(name: string, maxBytes: number): void {
  checks.checkOption(name, maxBytes, maxBytes >= 0, 'a number of bytes that is 0 or more');
}
