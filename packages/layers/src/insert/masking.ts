import type { Tensor } from '@tensorflow/tfjs-core';
import { LayersModel, RNN } from '@tensorflow/tfjs-layers';
import type { Layer, LayerUse, Value } from './graphValues.js';

/** Whether a mask may travel beside this value when its model runs, as Masking layers and embeddings send one. */
export function mayBeMasked(value: Value): boolean {
  const known = new Map<Value, boolean>();
  const search = (one: Value): boolean => {
    const before = known.get(one);
    if (before !== undefined) return before;
    const { layer, inputs, node } = one.use;
    // Inputs, and what opening a model adds, have no node and no mask; a nested model keeps its masks to itself.
    const masked =
      node !== undefined &&
      !(layer instanceof LayersModel) &&
      layer.supportsMasking &&
      (makesMask(layer) || inputs.some(search));
    known.set(one, masked);
    return masked;
  };
  return search(value);
}

/** Whether a layer makes a mask where none came in. */
function makesMask(layer: Layer): boolean {
  const { inputTensors } = layer.inboundNodes[0]!;
  try {
    // Masking and Embedding compare their input with a value, which a symbolic input can't do.
    const masks = layer.computeMask(
      inputTensors as unknown as Tensor[],
      inputTensors.map(() => null) as never,
    );
    return [masks].flat().some((mask) => mask != null);
  } catch {
    return true;
  }
}

/**
 * The masks of others that layers get. tfjs hands the last mask that it met to every later layer whose own inputs have
 * none, so what a recurrent layer makes of one branch may depend on the mask of another, and on which of the two runs
 * first. A model with more layers in it runs in another order, and has to hand out the same masks all the same.
 *
 * @returns for each application of a layer that minds masks and has none of its own: the value whose mask it gets, or
 *   undefined for none. Empty for a model without masks.
 */
export function inheritedMasks(outputs: readonly Value[]): Map<LayerUse, Value | undefined> {
  const found = new Map<LayerUse, Value | undefined>();
  const done = new Set<Value>();
  let last: Value | undefined;
  let masks = false;
  let outside = false;
  // In the order of tfjs's executor, which takes a layer's inputs from the last to the first.
  const run = (value: Value): void => {
    if (done.has(value)) return;
    done.add(value);
    const { use } = value;
    for (const input of use.inputs.toReversed()) run(input);
    const masked = use.inputs.filter(mayBeMasked);
    if (masked.length > 0) {
      masks = true;
      outside ||= masked.some((input) => use.node && input.use.order.length === 1);
      // A mask from inside of a model that is opened was kept there, unless one from outside had been handed in.
      if (use.node) last = mayBeMasked(use.inputs[0]!) ? origin(use.inputs[0]!) : undefined;
      else if (!outside) last = undefined;
    } else if (usesMask(use.layer) && !found.has(use)) found.set(use, last);
  };
  outputs.forEach(run);
  return masks ? found : new Map();
}

/** Whether what a layer computes depends on the mask it is handed: recurrent layers, wrappers, models and softmax. */
function usesMask(layer: Layer): boolean {
  return (
    layer instanceof RNN ||
    layer instanceof LayersModel ||
    'layer' in layer ||
    layer.getClassName() === 'Softmax'
  );
}

/** The value that a mask started from, on the way of first inputs. */
function origin(value: Value): Value {
  const { layer, inputs } = value.use;
  const [first] = inputs;
  return first && !makesMask(layer) && mayBeMasked(first) ? origin(first) : value;
}
