import { optionChecks } from '@amr/internal';
import { DatasetError } from './datasetError.js';

export { type KeysOf, optionKeys } from '@amr/internal';

/** The checks of options that throw a {@link DatasetError}. */
export const { checkBoolean, checkOption, checkCount, checkOneOf, rejectUnknownOptions } =
  /* @__PURE__ */ optionChecks((message) => new DatasetError(message));
