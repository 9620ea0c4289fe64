import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';

/** A class to derive a serializable one from. */
type Stock<Instance> = (new (
  config: object,
) => Instance) &
  Pick<typeof tf.serialization.Serializable, 'fromConfig'>;

/** A layer's class that tfjs-layers registers but doesn't export; `Fields` are what the subclass uses of it. */
export function stockLayer<Fields = object>(className: string): Stock<layers.Layer & Fields> {
  // Naming the base class makes sure that tfjs-layers has been loaded and has registered its classes.
  return registeredClass<layers.Layer & Fields>(className, layers.Layer);
}

/** The class that is registered under this name, and derived from `_base`. */
export function registeredClass<Instance>(className: string, _base?: unknown): Stock<Instance> {
  return tf.serialization.SerializationMap.getMap().classNameMap[className]![0] as unknown as Stock<Instance>;
}
