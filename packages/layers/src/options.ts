import { optionChecks } from '@amr/internal';
import type { layers } from '@tensorflow/tfjs-layers';
import { LayerError } from './errors.js';

/** The options that every tfjs layer takes; tfjs-layers does not export their type. */
export type LayerConfig = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** Checks of options. They throw {@link LayerError}, which names the option by its path, as in `SumFusion.units`. */
const checks = /* @__PURE__ */ optionChecks((message) => new LayerError(message));
export const { checkCount, checkNotNegative, checkOneOf, checkOption, checkPositive, rejectUnknownOptions } =
  checks;

/** The keys that a layer's config has besides those of every tfjs layer. A key that is missing here is a type error. */
export type OwnKeys<Config extends LayerConfig> = {
  readonly [key in Exclude<keyof Config, keyof LayerConfig>]-?: true;
};

/**
 * The config of a layer, checked for keys that the layer doesn't know. Constructors pass the result to `super`, so that
 * a misspelt option is refused before tfjs sees the config.
 * @throws {LayerError} for an unknown key, or a config that is not an object
 */
export function checkedConfig<Config extends LayerConfig>(
  layer: string,
  config: Config,
  own: OwnKeys<Config>,
): Config {
  checkOption(layer, config, config !== undefined, 'an object with options');
  checks.rejectUnknownConfig(layer, config, Object.keys(own));
  return config;
}
