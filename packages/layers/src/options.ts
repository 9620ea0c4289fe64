import { optionChecks } from '@amr/internal';
import type { layers } from '@tensorflow/tfjs-layers';
import { LayerError } from './errors.js';

export type { OwnKeys } from '@amr/internal';

/** The options that every tfjs layer takes; tfjs-layers does not export their type. */
export type LayerConfig = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** Checks of options. They throw {@link LayerError}, which names the option by its path, as in `SumFusion.units`. */
export const {
  checkBoolean,
  checkCount,
  checkedConfig,
  checkFraction,
  checkNotNegative,
  checkOneOf,
  checkOption,
  checkPositive,
  rejectUnknownOptions,
} = /* @__PURE__ */ optionChecks((message) => new LayerError(message));
