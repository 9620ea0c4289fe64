import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { LayerUse, Value } from './graphValues.js';
import type { LayerNames } from './layerNames.js';
import { inheritedMasks } from './masking.js';
import { type ModelGraph, valueDependsOn } from './modelGraph.js';
import { RestoreMask } from './restoreMask.js';
import { applyAgain } from './rewire.js';

/**
 * The graph of a new model, in which some values of an existing model are replaced. A layer that follows a replaced value
 * is applied again, with its weights shared; where nothing is replaced, the existing tensors stay. Tensors are computed on
 * demand, from the outputs back to the inputs, as in `rewire`. In addition, opened models are dissolved here, and layers
 * that inherit the mask of another branch get the same mask again: tfjs would give them another one, because a model with
 * more layers runs in another order.
 */
export class RebuiltGraph {
  readonly #names: LayerNames;
  /** See {@link inheritedMasks}. */
  readonly #inherited: Map<LayerUse, Value | undefined>;
  /** The tensor of each value in the new model, as far as they are known. */
  readonly #tensors = new Map<Value, SymbolicTensor>();
  #pending: readonly Value[];

  /** @param pending the values that will be replaced */
  constructor(graph: ModelGraph, names: LayerNames, pending: readonly Value[]) {
    this.#names = names;
    this.#inherited = inheritedMasks(graph.outputs);
    this.#pending = pending;
  }

  /** The tensor of a value in the new model. */
  tensorOf(value: Value): SymbolicTensor {
    const known = this.#tensors.get(value);
    if (known) return known;
    const { use } = value;
    if (use.inputs.length === 0) return value.symbol;
    const inputs = use.inputs.map((input) => this.tensorOf(input));
    if (this.#inherited.has(use)) inputs[0] = this.#withInheritedMask(use, inputs[0]!);
    const { node, layer } = use;
    const unchanged = node && inputs.every((input, i) => input === node.inputTensors[i]);
    const tensors = unchanged
      ? node.outputTensors
      : applyAgain(this.#names.layerFor(layer), inputs, node?.callArgs);
    for (const [i, output] of use.outputs.entries()) this.#tensors.set(output!, tensors[i]!);
    return this.#tensors.get(value)!;
  }

  /** Replaces a value: what has not been computed yet uses this tensor. */
  replace(value: Value, tensor: SymbolicTensor): void {
    this.#tensors.set(value, tensor);
  }

  /** Declares which values are still to be replaced. */
  setPending(values: readonly Value[]): void {
    this.#pending = values;
  }

  #withInheritedMask(use: LayerUse, features: SymbolicTensor): SymbolicTensor {
    const restore = new RestoreMask({ name: this.#names.free(`${use.layer.name}Mask`) });
    const source = this.#inherited.get(use);
    // A mask from behind a value that is still to be replaced does not exist yet.
    const isLate = source && this.#pending.some((one) => one !== source && valueDependsOn(source, one));
    const masked = source && !isLate ? this.tensorOf(source) : undefined;
    return restore.apply(masked ? [features, masked] : features) as SymbolicTensor;
  }
}
