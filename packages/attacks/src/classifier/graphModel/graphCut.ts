import { ancestorsOf, nodeName } from './graphEnding.js';
import type { GraphNode } from './graphModelLike.js';

/** Operations with another result in each run. */
const RANDOM = /Random|Multinomial|TruncatedNormal/;

/**
 * Where to cut a graph so that what depends on unchanging inputs only is computed once: the nodes whose values are kept and
 * given in place of their inputs. tfjs takes a value for any node, but only for the first of several that a node has.
 * @param outputs the nodes to be computed
 * @param changing nodes of the inputs that change
 * @param unfit nodes for which tfjs refuses a value; they are computed each time
 */
export function graphCut(
  outputs: readonly GraphNode[],
  changing: ReadonlySet<GraphNode>,
  unfit: ReadonlySet<GraphNode>,
): GraphNode[] {
  const all = [...ancestorsOf(outputs)];
  const always = new Set<GraphNode>();
  const open = all.filter((node) => changing.has(node) || RANDOM.test(node.op));
  for (let node = open.pop(); node; node = open.pop()) {
    if (always.has(node)) continue;
    always.add(node);
    open.push(...node.children);
  }
  for (const output of outputs) always.add(output);
  for (;;) {
    const used = new Set([...always].flatMap(({ inputs }) => inputs));
    const cut = all.filter((node) => used.has(node) && !always.has(node) && node.inputs.length > 0);
    const computed = cut.filter((node) => unfit.has(node) || !isUsedAsOneValue(node));
    if (computed.length === 0) return cut;
    // The nodes behind one that is computed again still depend on unchanging inputs only.
    for (const node of computed) always.add(node);
  }
}

/** Whether other nodes use only the first of the node's values. */
function isUsedAsOneValue({ name, children }: GraphNode): boolean {
  return children.every(({ inputNames }) =>
    inputNames.every((value) => nodeName(value) !== name || value === name || value === `${name}:0`),
  );
}
