import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, inputRange } from '../../geometry.js';
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/value.js';
import type { Layout } from '../graph/view.js';

/** [batch, ...places, channels] with the channels behind the batch: what ONNX's windows slide over. */
export const planes = (batch: number, places: readonly number[], channels: number): Layout => ({
  dims: [batch, channels, ...places],
  order: [0, ...places.map((_, i) => i + 2), 1],
});

/** [batch, depth, height, width, channels] with the channels behind batch and depth. */
export const framePlanes = (
  batch: number,
  [depth, height, width]: readonly [number, number, number],
  channels: number,
): Layout => ({
  dims: [batch, depth, channels, height, width],
  order: [0, 1, 3, 4, 2],
});

/** The part of [batch, channels, ...inputs] that windows read: ONNX has no negative padding. */
export function seen(graph: Graph, value: Value, axes: readonly Axis[]): Value {
  const ranges = axes.map(inputRange);
  if (ranges.every(({ length }, i) => length === axes[i]!.input)) return value;
  const [from, to, at] = [
    ranges.map((range) => range.from),
    ranges.map((range) => range.to),
    axes.map((_, i) => i + 2),
  ].map((places) => graph.integers(places));
  const dims = [...value.dims.slice(0, 2), ...ranges.map(({ length }) => length)];
  return graph.record('Slice', [value, from, to, at], dims);
}

/** ONNX's `pads`: the zeros before the {@link seen} part of each axis, then those after it. */
export function padsOf(axes: readonly Axis[]): number[] {
  const ranges = axes.map(inputRange);
  return [...ranges.map(({ before }) => before), ...ranges.map(({ after }) => after)];
}

/** The positions along some axes in reverse order. */
export function reversed(graph: Graph, value: Value, axes: readonly number[]): Value {
  const all = (place: number) => graph.integers(axes.map(() => place));
  return graph.record('Slice', [value, all(-1), all(-(2 ** 31)), graph.integers(axes), all(-1)], value.dims);
}

/** Whether all tensors hold floats. */
export const floats = (...infos: TensorInfo[]) => infos.every(({ dtype }) => dtype === 'float32');
