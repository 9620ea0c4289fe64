import { AttackInputError } from '../../errors.js';
import type { GraphNode, GraphNodes } from './graphModelLike.js';

/** Nodes that pass their first input on, or only change its shape. */
const PASSING = new Set(['Identity', 'Snapshot', 'Reshape', 'Squeeze', 'ExpandDims']);
/** The operations that tfjs runs by executeAsync only: control flow, and those whose shapes depend on values. */
const ASYNCHRONOUS = new Set([
  'Enter',
  'Exit',
  'HashTable',
  'HashTableV2',
  'If',
  'LookupTableFind',
  'LookupTableFindV2',
  'LookupTableImport',
  'LookupTableImportV2',
  'LookupTableSize',
  'LookupTableSizeV2',
  'Merge',
  'NextIteration',
  'NonMaxSuppressionV2',
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV5',
  'StatelessIf',
  'StatelessWhile',
  'Switch',
  'Where',
  'While',
  'if',
]);

/** A softmax or sigmoid node at the end of a graph. */
export interface GraphEnding {
  /** What was found. */
  readonly kind: 'softmax' | 'sigmoid';
  /** The node. */
  readonly node: GraphNode;
  /** Name of the value in front of it. */
  readonly logits: string;
  /** The nodes behind it, up to the output. */
  readonly behind: readonly GraphNode[];
  /** What was removed, in words. */
  readonly removed: string;
}

/**
 * The softmax or sigmoid from which an output follows. Graphs have softmaxes over the last axis only.
 * @throws {AttackInputError} when a sigmoid is fused with the product in front of it, so that its logits are not computed
 */
export function graphEndingOf(output: GraphNode | undefined): GraphEnding | undefined {
  let node = output;
  const behind: GraphNode[] = [];
  while (node && PASSING.has(node.op)) {
    behind.push(node);
    node = node.inputs[0];
  }
  refuseFusedSigmoid(node);
  const kind = node?.op === 'Softmax' ? 'softmax' : node?.op === 'Sigmoid' ? 'sigmoid' : undefined;
  if (!node || !kind) return undefined;
  return { kind, node, logits: node.inputNames[0]!, behind, removed: `${node.op} '${node.name}'` };
}

function refuseFusedSigmoid(node: GraphNode | undefined): void {
  const fused = node?.attrParams.fusedOps?.value;
  if (!Array.isArray(fused) || !fused.includes('sigmoid')) return;
  throw new AttackInputError(
    `classifierOf.model: got a GraphModel that ends in '${node!.name}', a ${node!.op} with its sigmoid fused; expected one whose logits are computed. ` +
      'Export the model without the sigmoid, or without fusing operations.',
  );
}

/** A node and all nodes that it depends on. */
export function ancestorsOf(nodes: readonly GraphNode[]): Set<GraphNode> {
  const found = new Set<GraphNode>();
  const open = [...nodes];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return found;
}

/**
 * Refuses graphs that tfjs can't run in one go, and so not differentiate.
 * @throws {AttackInputError}
 */
export function checkSynchronous(nodes: Iterable<GraphNode>): void {
  for (const { name, op } of nodes) {
    if (!ASYNCHRONOUS.has(op)) continue;
    throw new AttackInputError(
      `classifierOf.model: got a GraphModel whose output depends on '${name}', a ${op}; expected a graph without control flow. ` +
        'tfjs runs such operations by executeAsync only, which has no gradients. Export the model without them (unroll recurrent layers), or name an output in front of them.',
    );
  }
}

/** The name of a node from that of one of its values: 'split' of 'split:1'. */
export function nodeName(value: string): string {
  return value.split(':')[0]!;
}

/** The node that a name stands for: a key of the signature, or the name of a node or of one of its values. */
export function findNode(nodes: GraphNodes, name: string): GraphNode | undefined {
  return (
    nodes[nodeName(name)] ?? Object.values(nodes).find(({ signatureKey }) => signatureKey === nodeName(name))
  );
}
