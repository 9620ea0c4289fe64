import type { serialization } from '@tensorflow/tfjs-core';
import { InsertionError } from '../errors.js';
import type { Layer, LayerUse } from './graphValues.js';

/** Keeps the names of the layers in a new model unique: tfjs refuses models in which two layers have the same name. */
export class LayerNames {
  readonly #owners = new Map<string, LayerUse>();
  readonly #substitutes = new Map<Layer, Layer>();
  readonly #anyUse: LayerUse;

  /**
   * @param uses the layers of the new model
   * @throws {InsertionError} when two layers with weights have the same name
   */
  constructor(uses: readonly LayerUse[]) {
    this.#anyUse = uses[0]!;
    const inNewModel = uses.filter(({ opened }) => !opened);
    const outermostFirst = inNewModel.toSorted((a, b) => a.order.length - b.order.length);
    for (const use of outermostFirst) this.#add(use);
  }

  /** The layer itself or, for a layer of an opened model whose name is taken, a copy with another name. */
  layerFor(layer: Layer): Layer {
    return this.#substitutes.get(layer) ?? layer;
  }

  /** The name, with a number behind it if it is taken. */
  free(name: string): string {
    let found = name;
    for (let i = 1; this.#owners.has(found); i++) found = `${name}${i}`;
    this.#owners.set(found, this.#anyUse);
    return found;
  }

  /**
   * The name of an inserted layer.
   * @param base without the number
   * @param given whether the caller gave the name: then it is used unchanged
   * @throws {InsertionError} when a given name is taken
   */
  claim(base: string, number: number | undefined, given: boolean): string {
    const wanted = `${base}${number ?? ''}`;
    if (given && this.#owners.has(wanted)) {
      throw new InsertionError(
        `insertAmr.name: got '${base}', but the model has a layer '${wanted}'; expected a name that is free. Choose another.`,
      );
    }
    return this.free(wanted);
  }

  #add(use: LayerUse): void {
    const { layer, path } = use;
    const owner = this.#owners.get(layer.name);
    if (!owner) this.#owners.set(layer.name, use);
    if (!owner || owner.layer === layer || this.#substitutes.has(layer)) return;
    if (layer.weights.length > 0) {
      throw new InsertionError(
        `insertAmr.model: got layers '${owner.path}' and '${path}', which would have the same name in the new model; expected ` +
          'different names. Give them names of their own where the model is built: tfjs also fails to load a saved model in ' +
          'which the weights of two layers have the same names.',
      );
    }
    const layerClass = layer.constructor as serialization.SerializableConstructor<Layer>;
    const copy = layerClass.fromConfig(layerClass, { ...layer.getConfig(), name: this.free(path) });
    this.#substitutes.set(layer, copy);
  }
}
