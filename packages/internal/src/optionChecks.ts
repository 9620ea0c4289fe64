import { mismatch } from './message.js';
import { nearestName } from './nearestName.js';
import type { KeysOf } from './optionKeys.js';

/** What other libraries call options, and what they are called here. */
const SYNONYMS: { readonly [name: string]: string } = {
  iterations: 'steps',
  iters: 'steps',
  nb_iter: 'steps',
  niter: 'steps',
  n_iter: 'steps',
  max_iter: 'steps',
  maxIter: 'steps',
  num_steps: 'steps',
  numSteps: 'steps',
  eps: 'epsilon',
  alpha: 'stepSize',
  eps_step: 'stepSize',
  step_size: 'stepSize',
  stepsize: 'stepSize',
  clip: 'range',
  bounds: 'range',
  clipMin: 'range',
  clipMax: 'range',
  random_start: 'randomStart',
  rand_init: 'randomStart',
  nb_restarts: 'restarts',
  num_restarts: 'restarts',
  n_restarts: 'restarts',
  target: 'targets',
};

/** The keys that every tfjs layer takes: those of `LayerArgs` in tfjs-layers 4.22, which doesn't export the type. */
const TFJS_LAYER_KEYS = [
  'name',
  'trainable',
  'dtype',
  'inputShape',
  'batchInputShape',
  'batchSize',
  'weights',
  'inputDType',
] as const;

/** The keys that a layer's config has in addition to those of every tfjs layer. A missing key is a type error. */
export type OwnKeys<Config> = KeysOf<Omit<Config, (typeof TFJS_LAYER_KEYS)[number]>>;

/** Checks of options, each of which throws the package's error with the same grammar. */
export interface OptionChecks {
  /** Refuses a value that is not `good`, with a message of {@link mismatch}. */
  checkOption(name: string, value: unknown, good: boolean, expected: string, advice?: string): void;
  /** Refuses all but numbers that are `good`; strings of digits, which compare like numbers, are refused, too. */
  checkNumber(name: string, value: unknown, good: (value: number) => boolean, expected: string): void;
  /** Refuses all but true and false. */
  checkBoolean(name: string, value: unknown): void;
  /** Refuses all but whole numbers of at least `min`, default 1. */
  checkCount(name: string, value: number, min?: number): void;
  /** Refuses all but finite numbers above 0. */
  checkPositive(name: string, value: number): void;
  /** Refuses all but finite numbers of at least 0. */
  checkNotNegative(name: string, value: number): void;
  /** Refuses what is not one of the choices. */
  checkOneOf(name: string, value: unknown, choices: readonly unknown[]): void;
  /**
   * Refuses keys that are not known, with a suggestion, and options that are no object. Options without a value
   * (undefined) are checked, too: a misspelt key is a mistake whatever it holds.
   * @param path what the options belong to, as in `pgd`
   */
  rejectUnknownOptions(path: string, options: object | undefined, known: readonly string[]): void;
  /**
   * The same for the config of a tfjs layer. Besides the layer's own keys, it accepts those of every tfjs layer, and
   * `customObjects`, which tfjs adds to the config when it loads a saved layer.
   * @param layer class of the layer
   */
  rejectUnknownConfig(layer: string, config: object | undefined, own: readonly string[]): void;
  /**
   * The config of a tfjs layer, checked by `rejectUnknownConfig`; a missing one is refused. Constructors pass the result to
   * `super`, so that a misspelt option is refused before tfjs sees the config.
   */
  checkedConfig<Config extends object>(layer: string, config: Config, own: OwnKeys<Config>): Config;
  /** Refuses all but numbers in [0, 1). */
  checkFraction(name: string, value: number): void;
}

/**
 * The checks that throw this error.
 * @param fail makes the error of a message
 */
export function optionChecks(fail: (message: string) => Error): OptionChecks {
  const checkOption: OptionChecks['checkOption'] = (name, value, good, expected, advice) => {
    if (!good) throw fail(mismatch(name, value, expected, advice));
  };
  const checkNumber: OptionChecks['checkNumber'] = (name, value, good, expected) =>
    checkOption(name, value, typeof value === 'number' && good(value), expected);
  const rejectUnknownOptions: OptionChecks['rejectUnknownOptions'] = (path, options, known) => {
    if (options === undefined) return;
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw fail(mismatch(path, options, `an object with options (${known.join(', ')})`));
    }
    const message = unknownKey(path, options, known);
    if (message !== undefined) throw fail(message);
  };
  const rejectUnknownConfig: OptionChecks['rejectUnknownConfig'] = (layer, config, own) => {
    let given = config;
    if (config instanceof Object && 'customObjects' in config) {
      const { customObjects: _, ...rest } = config;
      given = rest;
    }
    rejectUnknownOptions(layer, given, [...own, ...TFJS_LAYER_KEYS]);
  };
  return {
    checkOption,
    rejectUnknownOptions,
    rejectUnknownConfig,
    checkedConfig: (layer, config, own) => {
      checkOption(layer, config, config !== undefined, 'an object with options');
      rejectUnknownConfig(layer, config, Object.keys(own));
      return config;
    },
    checkNumber,
    checkBoolean: (name, value) => checkOption(name, value, typeof value === 'boolean', 'true or false'),
    checkFraction: (name, value) =>
      checkNumber(name, value, (number) => number >= 0 && number < 1, 'a number in [0, 1)'),
    checkCount: (name, value, min = 1) =>
      checkOption(name, value, Number.isSafeInteger(value) && value >= min, `a whole number from ${min}`),
    checkPositive: (name, value) =>
      checkNumber(name, value, (number) => number > 0 && number < Infinity, 'a finite number above 0'),
    checkNotNegative: (name, value) =>
      checkNumber(
        name,
        value,
        (number) => number >= 0 && number < Infinity,
        'a finite number that is 0 or more',
      ),
    checkOneOf: (name, value, choices) =>
      checkOption(name, value, choices.includes(value), `one of ${choices.map(String).join(', ')}`),
  };
}

/**
 * What is wrong with the first key that is not known, or undefined when all are: suggests the name that this library has for
 * a common synonym, else the nearest known name, else lists all.
 */
export function unknownKey(path: string, options: object, known: readonly string[]): string | undefined {
  const key = Object.keys(options).find((name) => !known.includes(name));
  if (key === undefined) return undefined;
  const synonym = Object.hasOwn(SYNONYMS, key) ? SYNONYMS[key]! : undefined;
  const name = synonym !== undefined && known.includes(synonym) ? synonym : nearestName(key, known);
  const got = `${path}.${key}: got an unknown option`;
  if (name !== undefined) return `${got}; expected ${name}. Rename it.`;
  if (known.length === 0) return `${got}; expected no options. Remove it.`;
  const expected = known.length === 1 ? known[0] : `one of ${known.join(', ')}`;
  return `${got}; expected ${expected}. Remove it or rename it.`;
}
