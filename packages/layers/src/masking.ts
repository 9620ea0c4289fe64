import type { Tensor } from '@tensorflow/tfjs-core';
import { LayersModel } from '@tensorflow/tfjs-layers';
import type { Layer, Value } from './modelGraph.js';

/** Whether a mask may travel beside this value when its model runs, as Masking layers and embeddings send one. */
export function mayBeMasked(value: Value): boolean {
  const known = new Map<Value, boolean>();
  const search = (one: Value): boolean => {
    const before = known.get(one);
    if (before !== undefined) return before;
    const { layer, inputs } = one.use;
    // A nested model keeps its masks to itself.
    const masked =
      !(layer instanceof LayersModel) &&
      layer.supportsMasking &&
      inputs.length > 0 &&
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
