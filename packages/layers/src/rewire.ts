import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

/**
 * Follows a graph back from `output` and gives the same output with some tensors on the way replaced: every layer
 * behind a replaced tensor is applied once more, with its weights shared, to what its inputs have become. Where
 * nothing is replaced the old tensors stay.
 *
 * @param output any tensor of the graph
 * @param replaced what takes the place of which tensor; it is not followed further back
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
    const { inboundNodes } = tensor.sourceLayer;
    const node = inboundNodes.find(({ outputTensors }) => outputTensors.includes(tensor))!;
    const again = tensor.sourceLayer.apply(
      after.length === 1 ? after[0]! : after,
      node.callArgs ?? undefined,
    );
    const outputs = Array.isArray(again) ? again : [again];
    for (const [i, old] of node.outputTensors.entries()) done.set(old, outputs[i] as SymbolicTensor);
    return done.get(tensor)!;
  };
  return follow(output);
}

/** Whether `tensor` depends on `on`, or is it. */
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
