import { util } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkKeys } from '../options.js';

/** Options of {@link parameterCount}. */
export interface ParameterCountOptions {
  /** Counts everything that a saved model holds, also moving statistics and frozen weights. Default false. */
  movingStatistics?: boolean;
}

/**
 * Number of trained parameters of a model, as papers count them: without the moving statistics of normalisations and
 * without frozen layers (`trainable = false`). A weight that several layers or several uses share counts once.
 *
 * @param model any tfjs model
 * @throws {EncoderConfigError} for unknown options
 * @example
 * ```ts
 * import { parameterCount, x3d } from '@amr/encoders';
 *
 * const { model } = x3d({ inputShape: [1, 8, 8, 3], width: 4, blocks: [1], headWidth: 16 });
 * console.log(parameterCount(model), parameterCount(model, { movingStatistics: true }));
 * ```
 */
export function parameterCount(model: LayersModel, options: ParameterCountOptions = {}): number {
  checkKeys('parameterCount', options, { movingStatistics: true });
  const { movingStatistics = false } = options;
  const weights = new Set(movingStatistics ? model.weights : model.trainableWeights);
  return [...weights].reduce((sum, { shape }) => sum + util.sizeFromShape(shape as number[]), 0);
}
