import type { Graph } from '../graph/graph.js';
import { BLOCKED, toLayout, viewOf } from '../graph/toLayout.js';
import type { Node, Value } from '../graph/value.js';
import { type Layout, sameLayout, type View } from '../graph/view.js';

/** A convolution of images on blocks of channels, ONNX Runtime's fast kind, and the operations of the same pass. */
export interface BlockedConv {
  /** [images, channels, height, width], in blocks; or in plain order where there are fewer channels than a block has. */
  input: Value;
  /** [filters, channels, height, width], in blocks of filters and of channels. */
  weight: Value;
  /** [filters]. */
  bias?: Value;
  /** A tensor that is added, with the result's dimensions and in blocks. */
  sum?: Value;
  /** Whether `sum` is a part of the same convolution. */
  partial?: boolean;
  strides: readonly [number, number];
  /** Zeros above, left, below, right. */
  pads: readonly [number, number, number, number];
  /** [images, filters, height, width] of the result. */
  dims: readonly [number, number, number, number];
  activation?: 'Relu';
  /** The layout of the result, whose tensor has channels last. */
  layout: Layout;
}

/** A convolution of the record. */
interface RecordedConv extends BlockedConv {
  /** Its result. */
  readonly value: Value;
}

/** Convolutions by the nodes that compute them; those of computed results are forgotten. */
const recorded = new WeakMap<Node, RecordedConv>();

/** An operation on a convolution's result: folded into it, and separate. */
export interface Fold {
  conv: RecordedConv;
  /** The same, after the convolution. */
  plain?: () => View;
}

/** Records a convolution. {@link convolutionOf} lets later operations on its result be folded into it. */
export function recordConv(graph: Graph, conv: BlockedConv, fold?: Fold): View {
  const { input, weight, bias, sum, strides, pads, dims, activation, layout } = conv;
  const [, , height, width] = weight.dims;
  const inputs = [input, weight, ...(bias || sum ? [bias] : []), ...(sum ? [sum] : [])];
  const value = graph.record('Conv', inputs, dims, {
    domain: BLOCKED,
    attributes: {
      kernel_shape: [height!, width!],
      strides,
      pads,
      ...(activation && { activation }),
    },
  });
  recorded.set(value.node!, { ...conv, value });
  const plain = fold?.plain;
  if (plain) {
    graph.useAlternative(value, fold.conv.value, () =>
      graph.reshaped(toLayout(graph, plain(), layout), dims),
    );
  }
  return viewOf(graph.reshaped(value, layout.dims), layout);
}

/** The convolution whose result a tensor is, apart from reshaping. */
export function convolutionOf(view: View): RecordedConv | undefined {
  const { node } = view.value;
  const own = node?.op === 'Reshape' ? node.inputs[0]!.node : node;
  const conv = own && recorded.get(own);
  return conv && sameLayout(view, conv.layout) ? conv : undefined;
}

/** Whether to scale a convolution's weights rather than its result: the weights of the last layers are the larger ones. */
export const worthScaling = (weights: number, result: number) => weights <= Math.max(result, 2 ** 15);

/** The convolution with its result multiplied by a number per channel. */
export function scaledConv(graph: Graph, fold: Fold, scale: Value): View | undefined {
  const { conv } = fold;
  if (conv.activation || (conv.sum && !conv.partial)) return undefined;
  const { weight, bias, dims } = conv;
  const filters = dims[1];
  if (!worthScaling(weight.size, dims[0] * filters * dims[2] * dims[3])) return undefined;
  const block = conv.layout.dims.at(-1)!;
  const blocks = [filters / block, weight.size / filters, block];
  const factors = graph.reshaped(scale, [filters / block, 1, block]);
  const scaled = graph.record('Mul', [graph.reshaped(weight, blocks), factors], blocks);
  const flat = graph.reshaped(scale, [filters]);
  let sum: Value | undefined;
  if (conv.sum) {
    const part = conv.sum.node && recorded.get(conv.sum.node);
    const view = part && scaledConv(graph, { conv: part }, scale);
    if (!view) return undefined;
    sum = graph.reshaped(view.value, conv.dims);
  }
  const whole: BlockedConv = {
    ...conv,
    weight: graph.reshaped(scaled, weight.dims),
    ...(bias && { bias: graph.record('Mul', [bias, flat], [filters]) }),
    ...(sum && { sum }),
  };
  return recordConv(graph, whole, fold);
}

/** The convolution with a number per channel added to its result. */
export function shiftedConv(graph: Graph, fold: Fold, shift: Value): View | undefined {
  const { conv } = fold;
  if (conv.activation) return undefined;
  const flat = graph.reshaped(shift, [conv.dims[1]]);
  const bias = conv.bias ? graph.record('Add', [conv.bias, flat], flat.dims) : flat;
  return recordConv(graph, { ...conv, bias }, fold);
}

/** The convolution with another tensor added to its result. */
export function addedConv(graph: Graph, fold: Fold, other: View): View | undefined {
  const { conv } = fold;
  if (conv.activation || conv.sum) return undefined;
  const sum = graph.reshaped(toLayout(graph, other, conv.layout), conv.dims);
  return recordConv(graph, { ...conv, sum }, fold);
}

/** The convolution with the negative numbers of its result set to 0. */
export function rectifiedConv(graph: Graph, fold: Fold): View | undefined {
  const { conv } = fold;
  return conv.activation ? undefined : recordConv(graph, { ...conv, activation: 'Relu' }, fold);
}
