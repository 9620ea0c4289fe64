import type { Tensor } from '@tensorflow/tfjs-core';
import { LayersModel, RNN } from '@tensorflow/tfjs-layers';
import type { Layer, LayerUse, Value } from './graphValues.js';

/** Whether this value may have a mask when its model runs: Masking layers and embeddings make masks, other layers pass them on. */
export function mayBeMasked(value: Value): boolean {
  const known = new Map<Value, boolean>();
  const search = (one: Value): boolean => {
    const before = known.get(one);
    if (before !== undefined) return before;
    const { layer, inputs, node } = one.use;
    // Inputs, and the layers that opening a model adds, have no node and no mask; a nested model does not pass masks out.
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

/** Whether a layer makes a mask when its inputs have none. */
function makesMask(layer: Layer): boolean {
  const { inputTensors } = layer.inboundNodes[0]!;
  try {
    // Masking and Embedding compare their input with a value, which fails for a symbolic input: the catch below.
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
 * The masks that layers get from other branches. tfjs passes the last mask that it met to every later layer whose own
 * inputs have none. The output of a recurrent layer in one branch may therefore depend on the mask of another, and on
 * which of the two branches runs first. A model with more layers runs in another order, but has to use the same masks.
 *
 * @returns for each application of a layer that uses a mask while its inputs have none: the value whose mask it gets, or
 *   undefined for no mask. Empty for a model without masks.
 */
export function inheritedMasks(outputs: readonly Value[]): Map<LayerUse, Value | undefined> {
  const found = new Map<LayerUse, Value | undefined>();
  const visited = new Set<Value>();
  let last: Value | undefined;
  let hasMasks = false;
  let outsideMask = false;
  // The order of tfjs's executor, which computes a layer's inputs from the last to the first.
  const visit = (value: Value): void => {
    if (visited.has(value)) return;
    visited.add(value);
    const { use } = value;
    for (const input of use.inputs.toReversed()) visit(input);
    const masked = use.inputs.filter(mayBeMasked);
    if (masked.length > 0) {
      hasMasks = true;
      outsideMask ||= masked.some((input) => use.node && input.use.order.length === 1);
      // A mask from inside an opened model stayed inside the model, unless a mask from outside had been passed in.
      if (use.node) last = mayBeMasked(use.inputs[0]!) ? maskOrigin(use.inputs[0]!) : undefined;
      else if (!outsideMask) last = undefined;
    } else if (usesMask(use.layer) && !found.has(use)) found.set(use, last);
  };
  outputs.forEach(visit);
  return hasMasks ? found : new Map();
}

/** Whether the output of a layer depends on the mask that it gets: recurrent layers, wrappers, models and softmax. */
function usesMask(layer: Layer): boolean {
  return (
    layer instanceof RNN ||
    layer instanceof LayersModel ||
    'layer' in layer ||
    layer.getClassName() === 'Softmax'
  );
}

/** The value whose layer made the mask of this value: tfjs passes on the mask of a layer's first input. */
function maskOrigin(value: Value): Value {
  const { layer, inputs } = value.use;
  const [first] = inputs;
  return first && !makesMask(layer) && mayBeMasked(first) ? maskOrigin(first) : value;
}
