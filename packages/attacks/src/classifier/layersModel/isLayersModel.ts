import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * Whether a value is a LayersModel or Sequential, of whatever copy of tfjs-layers: models are layers with a graph inside.
 */
export function isLayersModel(value: unknown): value is LayersModel {
  return (
    typeof value === 'object' &&
    value !== null &&
    'runInternalGraph' in value &&
    Array.isArray((value as unknown as LayersModel).outputs)
  );
}
