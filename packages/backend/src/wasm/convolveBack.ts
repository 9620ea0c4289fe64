import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, type Geometry, tapsOf } from '../geometry.js';
import { convolve, nanosecondsOf, nanosecondsOfScatter, scatter } from './convolve.js';
import { floats, type WasmBackend, wordOf } from './heap.js';
import { hasPhases, interleave, type Part, type Phases, phasesOf } from './phases.js';
import { transposed, transposeMatrices } from './transpose.js';

/**
 * The transpose of a convolution in its image: dy [.., filters] to dx [.., channels]. Convolutions of dy, which
 * multiply no zeros inserted for the strides, or products that are added up into dx, whichever is estimated to be faster.
 */
export function convolveBack(
  backend: WasmBackend,
  geometry: Geometry,
  dy: TensorInfo,
  filter: TensorInfo,
  dx: TensorInfo,
): void {
  const parts = cheapestParts(geometry);
  if (!parts) {
    const turned = transposed(backend, filter, 1, tapsOf(geometry), geometry.filters);
    scatter(backend, geometry, dy, turned, dx);
    backend.disposeData(turned.dataId);
    return;
  }
  const whole = geometry.axes.every(({ stride }) => stride === 1);
  // Inputs that no output reads have no phase.
  if (!whole || parts.length === 0) backend.typedArrayFromHeap(dx).fill(0);
  for (const part of parts) {
    const convolution = convolutionOf(geometry, part);
    const turned = turnedFilter(backend, geometry, filter, part);
    if (whole) convolve(backend, convolution, dy, turned, dx);
    else {
      const { batch, axes, filters } = convolution;
      const places = backend.makeOutput([batch, ...axes.map(({ output }) => output), filters], 'float32');
      convolve(backend, convolution, dy, turned, places);
      interleave(floats(backend), geometry, part, wordOf(backend, places), wordOf(backend, dx));
      backend.disposeData(places.dataId);
    }
    backend.disposeData(turned.dataId);
  }
}

/**
 * The convolutions of the fastest method by estimate, none if that is {@link scatter}. The phases of each axis
 * may be computed together, as channels of one convolution: one that multiplies some zeros, since all get as many taps
 * as any has, but XNNPACK computes eight channels in the time of one (a stem has 3), and dy is gathered once.
 */
function cheapestParts(geometry: Geometry): Part[] | undefined {
  let best: Part[] | undefined;
  if (!geometry.axes.every(hasPhases)) return best;
  let least = nanosecondsOfScatter(geometry);
  const [depths, heights, widths] = geometry.axes.map(waysOf) as [Phases[][], Phases[][], Phases[][]];
  for (const depth of depths) {
    for (const height of heights) {
      for (const width of widths) {
        const parts = depth.flatMap((d) => height.flatMap((h) => width.map((w): Part => [d, h, w])));
        const cost = parts.reduce((sum, part) => sum + nanosecondsOf(convolutionOf(geometry, part)), 0);
        if (cost < least) [least, best] = [cost, parts];
      }
    }
  }
  return best;
}

/** The phases of an axis apart and, where there are several, together. */
function waysOf(axis: Axis): Phases[][] {
  const apart = phasesOf(axis, false);
  return apart.length > 1 ? [apart, phasesOf(axis, true)] : [apart];
}

/** The convolution of dy that gives the inputs of some phases: as channels, one phase after the other. */
function convolutionOf({ batch, channels, filters }: Geometry, part: Part): Geometry {
  const phases = part.reduce((product, { offsets }) => product * offsets.length, 1);
  return {
    batch,
    channels: filters,
    filters: phases * channels,
    axes: [part[0].axis, part[1].axis, part[2].axis],
  };
}

/** The filter of {@link convolutionOf}: for each of its taps, [filters, phases * channels]. */
function turnedFilter(
  backend: WasmBackend,
  { axes, channels, filters }: Geometry,
  filter: TensorInfo,
  part: Part,
): TensorInfo {
  const size = channels * filters;
  const phases = part.reduce((product, { offsets }) => product * offsets.length, 1);
  const [depth, height, width] = part;
  const taps = depth.axis.filter * height.axis.filter * width.axis.filter;
  const out = backend.makeOutput([taps, filters, phases * channels], 'float32');
  const heap = floats(backend);
  const source = wordOf(backend, filter);
  let target = wordOf(backend, out);
  if (phases > 1) heap.fill(0, target, target + taps * phases * size);
  for (let d = 0; d < depth.axis.filter; d++) {
    for (let h = 0; h < height.axis.filter; h++) {
      for (let w = 0; w < width.axis.filter; w++, target += phases * size) {
        let column = 0;
        for (const { [d]: kd } of depth.taps) {
          for (const { [h]: kh } of height.taps) {
            for (const { [w]: kw } of width.taps) {
              if (kd !== undefined && kh !== undefined && kw !== undefined) {
                const tap = source + ((kd * axes[1].filter + kh) * axes[2].filter + kw) * size;
                if (phases === 1) transposeMatrices(heap, tap, target, 1, channels, filters);
                else placeTransposed(heap, tap, target + column, channels, filters, phases * channels);
              }
              column += channels;
            }
          }
        }
      }
    }
  }
  return out;
}

/** The transpose of a matrix [rows, columns] among columns of a wider one. */
function placeTransposed(
  heap: Float32Array,
  from: number,
  to: number,
  rows: number,
  columns: number,
  pitch: number,
): void {
  for (let r = 0, s = from; r < rows; r++) {
    for (let c = 0, t = to + r; c < columns; c++, t += pitch) heap[t] = heap[s++]!;
  }
}
