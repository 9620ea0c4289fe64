import { optionChecks } from '@amr/internal';
import { DatasetError } from './datasetError.js';

/** The checks of options that throw a {@link DatasetError}. */
export const { checkOption, checkCount, checkOneOf, rejectUnknownOptions } = /* @__PURE__ */ optionChecks(
  (message) => new DatasetError(message),
);

/** The names of all options of one type. A name that is forgotten here is a type error. */
export const optionKeys = <Options extends object>(
  keys: {
    readonly [name in keyof Required<Options>]: true;
  },
): readonly string[] => Object.keys(keys);
