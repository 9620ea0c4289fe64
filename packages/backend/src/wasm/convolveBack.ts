import type { TensorInfo } from '@tensorflow/tfjs-core';
import { convolve, scatter } from './convolve.js';
import { type Geometry, tapsOf } from './geometry.js';
import { floats, type WasmBackend, wordOf } from './heap.js';
import { interleave, type Phase, phasesOf } from './phases.js';
import { transposed, transposeMatrices } from './transpose.js';

/**
 * The transpose of a convolution in its image: dy [.., filters] to dx [.., channels]. Either a convolution of dy for
 * each phase of the strides, which multiplies no inserted zeros, or, where the patches of dy would hold many more
 * floats than those of dx (a stem with 3 input channels), products that are added up into dx.
 */
export function convolveBack(
  backend: WasmBackend,
  geometry: Geometry,
  dy: TensorInfo,
  filter: TensorInfo,
  dx: TensorInfo,
): void {
  const { axes, channels, filters } = geometry;
  const strided = axes.some(({ stride }) => stride > 1);
  // Phases assume that a step of one output moves the window by whole taps.
  const phased = !strided || axes.every(({ dilation }) => dilation === 1);
  if (!phased || channels < 8 || filters > 2 * channels) {
    const turned = transposed(backend, filter, 1, tapsOf(geometry), filters);
    scatter(backend, geometry, dy, turned, dx);
    backend.disposeData(turned.dataId);
    return;
  }
  const [depths, heights, widths] = axes.map(phasesOf) as [Phase[], Phase[], Phase[]];
  if (strided) backend.typedArrayFromHeap(dx).fill(0);
  for (const depth of depths) {
    for (const height of heights) {
      for (const width of widths) {
        const along: [Phase, Phase, Phase] = [depth, height, width];
        if (along.some(({ taps }) => taps.length === 0)) continue;
        const turned = turnedFilter(backend, geometry, filter, along);
        const phase: Geometry = {
          batch: geometry.batch,
          channels: filters,
          filters: channels,
          axes: [depth.axis, height.axis, width.axis],
        };
        if (strided) {
          const part = backend.makeOutput(
            [phase.batch, ...phase.axes.map(({ output }) => output), channels],
            'float32',
          );
          convolve(backend, phase, dy, turned, part);
          interleave(floats(backend), geometry, along, wordOf(backend, part), wordOf(backend, dx));
          backend.disposeData(part.dataId);
        } else {
          convolve(backend, phase, dy, turned, dx);
        }
        backend.disposeData(turned.dataId);
      }
    }
  }
}

/** The taps of a phase, each transposed to [filters, channels]. */
function turnedFilter(
  backend: WasmBackend,
  { axes, channels, filters }: Geometry,
  filter: TensorInfo,
  [depth, height, width]: [Phase, Phase, Phase],
): TensorInfo {
  const size = channels * filters;
  const out = backend.makeOutput(
    [depth.taps.length * height.taps.length * width.taps.length, size],
    'float32',
  );
  const heap = floats(backend);
  const source = wordOf(backend, filter);
  let target = wordOf(backend, out);
  for (const kd of depth.taps) {
    for (const kh of height.taps) {
      for (const kw of width.taps) {
        const tap = (kd * axes[1].filter + kh) * axes[2].filter + kw;
        transposeMatrices(heap, source + tap * size, target, 1, channels, filters);
        target += size;
      }
    }
  }
  return out;
}
