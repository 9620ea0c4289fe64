import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

/** One application of a layer in a graph: its inputs, its outputs and its call options. */
export type LayerNode = SymbolicTensor['sourceLayer']['inboundNodes'][number];

/**
 * Follows a graph back from `output` and returns the same output with some tensors in between replaced: every layer
 * behind a replaced tensor is applied again, with its weights shared, to the new inputs. Where nothing is replaced, the
 * old tensors stay. Nested models are treated like other layers: their inner layers are not replaced.
 *
 * @param output any tensor of the graph
 * @param replaced the new tensor for each replaced one; new tensors are not followed further back. Several calls with one
 *   map apply the layers that their outputs share once for each call.
 * @returns `output` itself when it does not depend on a replaced tensor
 * @example
 * ```ts
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { rewire } from '@amr/layers';
 *
 * const x = input({ shape: [4] });
 * const hidden = layers.dense({ units: 3 }).apply(x) as SymbolicTensor;
 * const logits = layers.dense({ units: 2 }).apply(hidden) as SymbolicTensor;
 * const dropped = layers.dropout({ rate: 0.5 }).apply(hidden) as SymbolicTensor;
 * // The same two dense layers, with dropout between them.
 * const regularized = model({ inputs: x, outputs: rewire(logits, new Map([[hidden, dropped]])) });
 * console.log(regularized.layers.length); // 4
 * ```
 */
export function rewire(
  output: SymbolicTensor,
  replaced: ReadonlyMap<SymbolicTensor, SymbolicTensor>,
): SymbolicTensor {
  const done = new Map<SymbolicTensor, SymbolicTensor>(replaced);
  const follow = (tensor: SymbolicTensor): SymbolicTensor => {
    const known = done.get(tensor);
    if (known) return known;
    const before = tensor.inputs ?? [];
    const after = before.map(follow);
    if (after.every((one, i) => one === before[i])) {
      done.set(tensor, tensor);
      return tensor;
    }
    const node = nodeOf(tensor);
    const outputs = applyAgain(node.outboundLayer, after, node.callArgs);
    for (const [i, old] of node.outputTensors.entries()) done.set(old, outputs[i]!);
    return done.get(tensor)!;
  };
  return follow(output);
}

/**
 * Whether `tensor` depends on `on`, or is the same tensor. Nested models are treated like other layers.
 *
 * @example
 * ```ts
 * import { input, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { dependsOn } from '@amr/layers';
 *
 * const x = input({ shape: [4] });
 * const y = layers.dense({ units: 3 }).apply(x) as SymbolicTensor;
 * console.log(dependsOn(y, x), dependsOn(x, y)); // true false
 * ```
 */
export function dependsOn(tensor: SymbolicTensor, on: SymbolicTensor): boolean {
  const seen = new Set<SymbolicTensor>();
  const search = (one: SymbolicTensor): boolean => {
    if (one === on) return true;
    if (seen.has(one)) return false;
    seen.add(one);
    return (one.inputs ?? []).some(search);
  };
  return search(tensor);
}

/** The application of a layer that computes this tensor. */
export function nodeOf(tensor: SymbolicTensor): LayerNode {
  return tensor.sourceLayer.inboundNodes.find(({ outputTensors }) => outputTensors.includes(tensor))!;
}

/**
 * Applies a layer again, to inputs of the same number and shapes.
 * @param options the call options of the previous application
 */
export function applyAgain(
  layer: SymbolicTensor['sourceLayer'],
  inputs: SymbolicTensor[],
  options: LayerNode['callArgs'] = {},
): SymbolicTensor[] {
  // A recurrent layer's initial states and constants are among the inputs and the options; those in the options are the old ones.
  const { initialState: _, constants: __, ...others } = options ?? {};
  return [layer.apply(inputs.length === 1 ? inputs[0]! : inputs, others)].flat() as SymbolicTensor[];
}
