import { type Axis, type Geometry, reachOf } from '../../geometry.js';
import type { Graph } from '../graph/graph.js';
import { BLOCKED, rowMajorView, toLayout, toRowMajor, transposed, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import type { View } from '../graph/view.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { recordConv } from './blockedConv.js';
import { blockedFrames } from './convolved.js';
import { framesAt } from './framesAt.js';
import { planes } from './planes.js';

/** The gradient along an axis: input stride * q + remainder receives from outputs q + first, q + first + 1, ... */
interface Phases {
  axis: Axis;
  /** For each remainder the filter's tap under each output from `first` on; -1 for none. */
  phases: number[][];
  /** Steps of q. */
  count: number;
  first: number;
}

function phasesOf(axis: Axis): Phases {
  const { input, filter, stride, padBefore } = axis;
  const remainders = Array.from({ length: stride }, (_, r) => r);
  const offsets = remainders.flatMap((r) =>
    Array.from({ length: filter }, (_, tap) => (r + padBefore - tap) / stride).filter(Number.isInteger),
  );
  const [first, last] = [Math.min(0, ...offsets), Math.max(0, ...offsets)];
  const phases = remainders.map((remainder) =>
    Array.from({ length: last - first + 1 }, (_, i) => {
      const tap = remainder + padBefore - stride * (first + i);
      return tap >= 0 && tap < filter ? tap : -1;
    }),
  );
  return { axis, phases, count: Math.ceil(input / stride), first };
}

/** The gradient of a convolution with respect to its input, [batch, ...inputs, channels]. */
export function convolvedBack(backend: OnnxBackend, geometry: Geometry, dy: View, filter: View): View {
  const { channels, filters, axes } = geometry;
  const { graph, block } = backend;
  if (block === 0 || axes.some((axis) => axis.dilation !== 1)) {
    return backInPlanes(backend, geometry, dy, filter);
  }
  const whole = Math.ceil(filters / block) * block;
  if (whole === filters) return backInBlocks(backend, geometry, dy, filter);
  // Zeros fill the last block of channels: the general kernel would take several times as long.
  const padded = (view: View, rows: number): View => {
    const lists = toRowMajor(graph, view, [rows, filters]);
    const value = graph.record('Pad', [lists, graph.integers([0, 0, 0, whole - filters])], [rows, whole]);
    return rowMajorView(value);
  };
  const taps = axes.reduce((count, axis) => count * axis.filter, channels);
  return backInBlocks(
    backend,
    { ...geometry, filters: whole },
    padded(dy, dy.value.size / filters),
    padded(filter, taps),
  );
}

/**
 * All remainders at once, as if they were channels: a plain convolution of dy, whose filters hold a zero where a
 * remainder has fewer taps than others.
 */
function backInBlocks(backend: OnnxBackend, geometry: Geometry, dy: View, filter: View): View {
  const { graph, block } = backend;
  const { batch, channels, filters, axes } = geometry;
  const split = axes.map(phasesOf) as [Phases, Phases, Phases];
  const [deep, high, wide] = split;
  const [q, h, w] = split.map(({ count }) => count) as [number, number, number];
  const remainders = split.map(({ phases }) => phases.length) as [number, number, number];
  const taps = split.map(({ phases }) => phases[0]!.length) as [number, number, number];
  const outputs = axes.map((axis) => axis.output) as [number, number, number];
  const wanted = remainders.reduce((a, b) => a * b) * channels;
  const computed = Math.ceil(wanted / block) * block;

  const layout = blockedFrames(batch, outputs[0], outputs[1], outputs[2], filters, block);
  const frame = filters * outputs[1] * outputs[2];
  const frames = graph.reshaped(toLayout(graph, dy, layout), [batch, outputs[0], frame]);
  const places = Array.from({ length: q }, (_, place) =>
    Array.from({ length: taps[0] }, (_, i) => place + deep.first + i),
  );
  const input = framesAt(graph, frames, places.flat());
  const margins = [high, wide].map((phases, i) => marginsOf(phases, [h, w][i]!, taps[i + 1]!));
  const conv = recordConv(graph, {
    input: graph.reshaped(input, [batch * q, taps[0] * filters, outputs[1], outputs[2]]),
    weight: graph.cached(filter, `back ${JSON.stringify(axes)} ${channels}`, () =>
      weightsOf(graph, filter, geometry, split, computed, block),
    ),
    strides: [1, 1],
    pads: [margins[0]!.before, margins[1]!.before, margins[0]!.after, margins[1]!.after],
    dims: [batch * q, computed, margins[0]!.count, margins[1]!.count],
    layout: blockedFrames(batch, q, margins[0]!.count, margins[1]!.count, computed, block),
  });
  const [ch, cw] = margins.map(({ count }) => count) as [number, number];
  const plain = remainders.every((count) => count === 1);
  const exact = axes.every((axis, i) => [q, ch, cw][i]! * axis.stride === axis.input);
  if (plain && exact && computed === channels) return conv;

  // [batch, q, h, w, remainders of each axis, channels] as they are interleaved.
  const rows = graph.record(
    'ReorderOutput',
    [graph.reshaped(conv.value, [batch * q, computed, ch, cw])],
    [batch * q, ch, cw, wanted],
    { attributes: { channels: wanted, channels_last: 1 }, domain: BLOCKED },
  );
  const [rd, rh, rw] = remainders;
  const interleaved = transposed(
    graph,
    rows,
    [batch, q, ch, cw, rd, rh, rw, channels],
    [0, 1, 4, 2, 5, 3, 6, 7],
  );
  const whole = [batch, q * rd, ch * rh, cw * rw, channels];
  const inputs = axes.map((axis) => axis.input);
  const result = sliced(graph, graph.reshaped(interleaved, whole), inputs);
  return rowMajorView(result);
}

/** Zeros around dy along an axis, and the number of steps of q that the convolution then computes: as many as needed, or more. */
function marginsOf({ axis, first }: Phases, count: number, taps: number) {
  const before = -first;
  const after = Math.max(0, count - axis.output - before + taps - 1);
  return { before, after, count: axis.output + before + after - taps + 1 };
}

/** Filters from dy's channels to the channels of each remainder, in blocks, zeros up to `computed` of them. */
function weightsOf(
  graph: Graph,
  filter: View,
  { channels, filters, axes }: Geometry,
  split: readonly Phases[],
  computed: number,
  block: number,
): Value {
  const sizes = axes.map((axis) => axis.filter) as [number, number, number];
  const count = sizes[0] * sizes[1] * sizes[2];
  const rows = toRowMajor(graph, filter, [count, channels * filters]);
  const remainders = split.map(({ phases }) => phases.length) as [number, number, number];
  const taps = split.map(({ phases }) => phases[0]!.length) as [number, number, number];
  const order: number[] = [];
  for (const d of split[0]!.phases)
    for (const h of split[1]!.phases)
      for (const w of split[2]!.phases)
        for (const i of d)
          for (const j of h)
            for (const k of w)
              order.push(i < 0 || j < 0 || k < 0 ? count : (i * sizes[1] + j) * sizes[2] + k);
  const hollow = order.includes(count);
  const all = hollow
    ? graph.record('Pad', [rows, graph.integers([0, 0, 1, 0])], [count + 1, channels * filters])
    : rows;
  const same = order.length === count && order.every((tap, i) => tap === i);
  const picked = same
    ? all
    : graph.record('Gather', [all, graph.integers(order)], [order.length, channels * filters], {
        attributes: { axis: 0 },
      });
  const phases = remainders[0] * remainders[1] * remainders[2];
  const wanted = phases * channels;
  const outer = filters / block;
  // [phase, depth, height, width, channel, filters] -> [phase, channel, depth, filters / block, height, width, block]
  const facing = transposed(graph, picked, [phases, ...taps, channels, outer, block], [0, 4, 1, 5, 2, 3, 6]);
  const length = facing.size / wanted;
  let flat = graph.reshaped(facing, [wanted, length]);
  if (computed > wanted)
    flat = graph.record('Pad', [flat, graph.integers([0, 0, computed - wanted, 0])], [computed, length]);
  const blocked = transposed(graph, flat, [computed / block, block, length], [0, 2, 1]);
  return graph.reshaped(blocked, [computed, taps[0] * filters, taps[1], taps[2]]);
}

/** The first positions along each axis but the first and last. */
function sliced(graph: Graph, value: Value, inputs: readonly number[]): Value {
  const axes = inputs.map((_, i) => i + 1).filter((axis) => value.dims[axis]! > inputs[axis - 1]!);
  if (axes.length === 0) return value;
  const dims = value.dims.map((dim, axis) => (axes.includes(axis) ? inputs[axis - 1]! : dim));
  return graph.record(
    'Slice',
    [
      value,
      graph.integers(axes.map(() => 0)),
      graph.integers(axes.map((axis) => dims[axis]!)),
      graph.integers(axes),
    ],
    dims,
  );
}

/** The gradient of any convolution with respect to its input, by ONNX Runtime's general kernel. */
function backInPlanes(backend: OnnxBackend, geometry: Geometry, dy: View, filter: View): View {
  const { graph } = backend;
  const { batch, channels, filters, axes } = geometry;
  const outputs = axes.map((axis) => axis.output);
  const size = axes.map((axis) => axis.filter);
  const input = toLayout(graph, dy, planes(batch, outputs, filters));
  const weight = transposed(
    graph,
    toRowMajor(graph, filter, [...size, channels, filters]),
    [...size, channels, filters],
    [4, 3, 0, 1, 2],
  );
  // Everything that the outputs read, margins included; the inputs are sliced from it.
  const reach = axes.map(reachOf);
  const value = graph.record('ConvTranspose', [input, weight], [batch, channels, ...reach], {
    attributes: {
      kernel_shape: size,
      strides: axes.map((axis) => axis.stride),
      dilations: axes.map((axis) => axis.dilation),
    },
  });
  const inputs = axes.map((axis) => axis.input);
  const padding = axes.map((axis, i) => Math.max(0, axis.padBefore + axis.input - reach[i]!));
  const early = axes.map((axis) => Math.max(0, -axis.padBefore));
  let whole = value;
  if ([...padding, ...early].some((count) => count > 0)) {
    const dims = [batch, channels, ...reach.map((length, i) => length + padding[i]! + early[i]!)];
    whole = graph.record('Pad', [value, graph.integers([0, 0, ...early, 0, 0, ...padding])], dims);
  }
  const from = axes.map((axis, i) => axis.padBefore + early[i]!);
  const to = from.map((start, i) => start + inputs[i]!);
  const range = [from, to, [2, 3, 4]].map((places) => graph.integers(places));
  const cut = graph.record('Slice', [whole, ...range], [batch, channels, ...inputs]);
  return viewOf(cut, planes(batch, inputs, channels));
}
