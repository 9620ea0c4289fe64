import type * as tf from '@tensorflow/tfjs-core';

/** What {@link classifierOf} needs of a GraphModel; those of every version of @tensorflow/tfjs-converter have it. */
export interface GraphModelLike {
  /** The inputs: names of nodes, shapes with -1 for the batch, and types. */
  readonly inputs: readonly GraphTensorInfo[];
  /** The outputs. */
  readonly outputs: readonly GraphTensorInfo[];
  /** Names of the inputs in the model's signature, or else of their nodes. */
  readonly inputNodes?: readonly string[];
  /** Names of the outputs in the model's signature, or else of their nodes. */
  readonly outputNodes?: readonly string[];
  /** Computes nodes from values of other nodes. */
  execute(inputs: tf.NamedTensorMap, outputs?: string | string[]): tf.Tensor | tf.Tensor[];
  /** The way to run graphs with control flow, which can't be attacked. */
  executeAsync(inputs: tf.NamedTensorMap, outputs?: string | string[]): Promise<tf.Tensor | tf.Tensor[]>;
}

/** An input or output of a GraphModel. */
export interface GraphTensorInfo {
  /** Name of its node. */
  readonly name: string;
  /** Its shape, -1 where it isn't fixed. */
  readonly shape?: readonly number[];
  /** Its type. */
  readonly dtype: string;
}

/** A node of a GraphModel's graph, as the converter keeps it. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Key of the model's signature, for inputs and outputs. */
  readonly signatureKey?: string;
  readonly inputs: readonly GraphNode[];
  /** Names of the inputs' values, 'split:1' for the second output of 'split'. */
  readonly inputNames: readonly string[];
  readonly children: readonly GraphNode[];
  readonly attrParams: { readonly [name: string]: { readonly value?: unknown } | undefined };
}

/** The nodes of a graph by name. */
export type GraphNodes = { readonly [name: string]: GraphNode };

/** Whether a value is a GraphModel. */
export function isGraphModel(value: unknown): value is GraphModelLike {
  const model = value as Partial<GraphModelLike> | null | undefined;
  return (
    typeof model?.execute === 'function' &&
    typeof model.executeAsync === 'function' &&
    Array.isArray(model.inputs) &&
    Array.isArray(model.outputs)
  );
}

/** The nodes of a GraphModel; empty for an implementation that doesn't show them. */
export function nodesOf(model: GraphModelLike): GraphNodes {
  const { executor } = model as { executor?: { graph?: { nodes?: GraphNodes } } };
  return executor?.graph?.nodes ?? {};
}
