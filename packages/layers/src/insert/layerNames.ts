import type { serialization } from '@tensorflow/tfjs-core';
import { InsertionError } from '../errors.js';
import type { Layer, LayerUse } from './graphValues.js';

/**
 * The names in a model made of these uses, each once: `free` finds one, `claim` insists on one that a user gave, and
 * `layerFor` gives the layer itself or, for one of an opened model that can't keep its name, one like it with another.
 */
export function layerNames(uses: readonly LayerUse[]) {
  const owners = new Map<string, LayerUse>();
  const substitutes = new Map<Layer, Layer>();
  const free = (name: string): string => {
    let found = name;
    for (let i = 1; owners.has(found); i++) found = `${name}${i}`;
    owners.set(found, uses[0]!);
    return found;
  };
  const inNewModel = uses.filter(({ opened }) => !opened);
  const outermostFirst = inNewModel.toSorted((a, b) => a.order.length - b.order.length);
  for (const use of outermostFirst) {
    const { layer, path } = use;
    const owner = owners.get(layer.name);
    if (!owner) owners.set(layer.name, use);
    if (!owner || owner.layer === layer || substitutes.has(layer)) continue;
    if (layer.weights.length > 0) {
      throw new InsertionError(
        `insertAmr: got layers '${owner.path}' and '${path}', which would have the same name in the new model; give them ` +
          "names of their own where the model is built. tfjs can't load a saved model with two such names of weights either.",
      );
    }
    const layerClass = layer.constructor as serialization.SerializableConstructor<Layer>;
    substitutes.set(layer, layerClass.fromConfig(layerClass, { ...layer.getConfig(), name: free(path) }));
  }
  const claim = (base: string, number: number | undefined, given: boolean): string => {
    const wanted = `${base}${number ?? ''}`;
    if (given && owners.has(wanted)) {
      throw new InsertionError(
        `insertAmr: got name '${base}', but the model has a layer '${wanted}'; choose another.`,
      );
    }
    return free(wanted);
  };
  return { layerFor: (layer: Layer) => substitutes.get(layer) ?? layer, free, claim };
}
