import { util } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * Number of trained parameters of a model, as papers count them: without the moving statistics of normalisations and
 * without what is frozen (`trainable = false`). A weight that several layers or several uses share counts once.
 *
 * @param model any model of tfjs
 * @param options `movingStatistics`: count everything that a saved model holds, moving statistics and frozen weights
 *   too. Default false.
 * @example
 * ```ts
 * import { parameterCount, x3d } from '@amr/encoders';
 *
 * const { model } = x3d({ inputShape: [1, 8, 8, 3], width: 4, blocks: [1], headWidth: 16 });
 * console.log(parameterCount(model), parameterCount(model, { movingStatistics: true }));
 * ```
 */
export function parameterCount(
  model: LayersModel,
  { movingStatistics = false }: { movingStatistics?: boolean } = {},
): number {
  const weights = new Set(movingStatistics ? model.weights : model.trainableWeights);
  return [...weights].reduce((sum, { shape }) => sum + util.sizeFromShape(shape as number[]), 0);
}
