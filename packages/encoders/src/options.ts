import { type KeysOf, optionChecks } from '@amr/internal';
import { EncoderConfigError } from './errors.js';

export type { KeysOf, OwnKeys } from '@amr/internal';

/** Checks of options. They throw {@link EncoderConfigError}, which names the option by its path, as in `stgcn.frames`. */
export const {
  checkCount,
  checkedConfig,
  checkFraction,
  checkNotNegative,
  checkOneOf,
  checkOption,
  checkPositive,
  rejectUnknownOptions,
} = /* @__PURE__ */ optionChecks((message) => new EncoderConfigError(message));

/**
 * Refuses unknown keys in the config of a network or the options of a function, and values that are not an object.
 * @param path what the options belong to, as in `stgcn`
 * @throws {EncoderConfigError} that suggests a known key
 */
export function checkKeys<Options extends object>(
  path: string,
  options: Options,
  keys: KeysOf<Options>,
): void {
  checkOption(path, options, options !== undefined, 'an object with options');
  rejectUnknownOptions(path, options, Object.keys(keys));
}

/** @throws {EncoderConfigError} unless each of these options is a whole number from 1 */
export function checkCounts(path: string, counts: { readonly [option: string]: number }): void {
  for (const [option, value] of Object.entries(counts)) checkCount(`${path}.${option}`, value);
}

/** @throws {EncoderConfigError} unless it is an array of one or more whole numbers from 1 */
export function checkCountList(name: string, counts: readonly number[], example: string): void {
  const good = Array.isArray(counts) && counts.length > 0 && counts.every(isCount);
  checkOption(name, counts, good, `one or more whole numbers from 1, such as ${example}`);
}

/** @throws {EncoderConfigError} unless it is an odd whole number from 1, so that a kernel has a middle */
export function checkOdd(name: string, value: number): void {
  checkOption(name, value, isCount(value) && value % 2 === 1, 'an odd whole number from 1, such as 5 or 9');
}

/** @throws {EncoderConfigError} unless there are two classes or more */
export function checkClasses(path: string, classes: number): void {
  checkCount(`${path}.classes`, classes, 2);
}

/**
 * Refuses a mean and a standard deviation that don't fit the channels.
 * @throws {EncoderConfigError} that names `mean` or `std` of this path
 */
export function checkNormalization(
  path: string,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
  channels: number,
): void {
  const lengths = channels === 1 ? 'one number' : `one number, or ${channels}, one for each channel`;
  const fits = (values: readonly number[]) =>
    Array.isArray(values) && [1, channels].includes(values.length) && values.every(Number.isFinite);
  checkOption(`${path}.mean`, mean, fits(mean), `an array of ${lengths}`);
  const good = fits(std) && std.length === mean.length && std.every((value) => value > 0);
  checkOption(`${path}.std`, std, good, `as many numbers above 0 as mean has, ${mean.length}`);
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
