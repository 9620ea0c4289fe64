import { optionChecks } from '@amr/internal';
import { BackendOptionError } from './errors.js';

export { optionKeys } from '@amr/internal';

/** The shared checks of options, which throw {@link BackendOptionError}. */
export const { checkOption, checkOneOf, rejectUnknownOptions } = /* @__PURE__ */ optionChecks(
  (message) => new BackendOptionError(message),
);
