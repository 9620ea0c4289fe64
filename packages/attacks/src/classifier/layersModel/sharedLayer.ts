import type * as tf from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

/** Any layer; tfjs-layers does not export the type that its graphs use. */
export type Layer = SymbolicTensor['sourceLayer'];

/** The fields of tfjs-layers' Layer that make up a built layer with weights. */
interface BuiltLayer {
  built: boolean;
  inputSpec: unknown;
  _trainableWeights: readonly object[];
  _nonTrainableWeights: readonly object[];
  /** How many models and calls use the layer; its weights are freed at 0. */
  _refCount: number;
}

/**
 * A second layer with the weights of the first, and some other options. Applying the first layer again would give it a second
 * node, after which its `output` is an error; the second layer leaves it as it is.
 * @param changes options that differ
 */
export function sharedLayer(layer: Layer, changes: tf.serialization.ConfigDict = {}): Layer {
  const layerClass = layer.constructor as tf.serialization.SerializableConstructor<Layer>;
  const copy = layerClass.fromConfig(layerClass, { ...layer.getConfig(), ...changes });
  const [from, to] = [layer, copy].map((one) => one as unknown as BuiltLayer & { [field: string]: unknown });
  const weights = new Set<unknown>([...from!._trainableWeights, ...from!._nonTrainableWeights]);
  for (const [field, value] of Object.entries(from!)) if (weights.has(value)) to![field] = value;
  to!._trainableWeights = from!._trainableWeights;
  to!._nonTrainableWeights = from!._nonTrainableWeights;
  to!.inputSpec = from!.inputSpec;
  to!.built = true;
  return copy;
}

/** Makes the layer and its copy count their uses together, one more than before, so that the last one that is disposed of frees the weights. */
export function countTogether(layer: Layer, copy: Layer): void {
  retain(layer);
  const counted = layer as unknown as BuiltLayer;
  Object.defineProperty(copy, '_refCount', {
    get: () => counted._refCount,
    set: (count: number) => {
      counted._refCount = count;
    },
  });
}

/** Counts further uses of a layer. */
export function retain(layer: Layer, uses = 1): void {
  (layer as unknown as BuiltLayer)._refCount += uses;
}
