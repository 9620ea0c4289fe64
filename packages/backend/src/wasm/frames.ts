import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, type Geometry, inputRange, isPointwiseAxis, tapsOf } from '../geometry.js';
import { floats, idOf, type WasmBackend, wasmFunction, withWindow, wordOf } from './heap.js';

/** Bytes of gathered frames at a time: they are read again at once, from the cache. */
const SLAB_BYTES = 1024 * 1024;
/** From this many floats on the engine's own memmove is faster than a loop. */
const LONG_RUN = 20;

const wholly = (axis: Axis) => inputRange(axis).length === axis.input;

/** Whether the frames can be convolved in place: the filter has one depth, and every input is read. */
export const framesLieReady = ({ axes: [depth, height, width] }: Geometry): boolean =>
  isPointwiseAxis(depth) && wholly(height) && wholly(width);

/** Number of floats that {@link convolveFrames} gathers. */
export const gatheredFloats = ({ batch, channels, axes: [depth, height, width] }: Geometry): number =>
  batch * depth.output * depth.filter * channels * inputRange(height).length * inputRange(width).length;

/**
 * Convolution as one 2D convolution: the frames that a filter's depths see at an output become channels of one frame.
 */
export function convolveFrames(
  backend: WasmBackend,
  geometry: Geometry,
  image: TensorInfo,
  filter: TensorInfo,
  out: TensorInfo,
): void {
  const { batch, channels, filters, axes } = geometry;
  const [depth, height, width] = axes;
  if (inputRange(height).length === 0 || inputRange(width).length === 0) {
    backend.typedArrayFromHeap(out).fill(0);
    return;
  }
  const frames = batch * depth.output;
  if (framesLieReady(geometry)) {
    conv2d(backend, geometry, wordOf(backend, image), channels, filter, wordOf(backend, out), frames);
    return;
  }
  const size = gatheredFloats(geometry) / frames;
  const slab = Math.min(frames, Math.max(1, Math.floor(SLAB_BYTES / 4 / size)));
  const turned = depth.filter === 1 ? filter : depthInChannels(backend, geometry, filter);
  const gathered = backend.makeOutput([slab, size], 'float32');
  const result = height.output * width.output * filters;
  for (let frame = 0; frame < frames; frame += slab) {
    const count = Math.min(slab, frames - frame);
    gather(floats(backend), geometry, wordOf(backend, image), wordOf(backend, gathered), frame, count);
    const place = wordOf(backend, out) + frame * result;
    conv2d(backend, geometry, wordOf(backend, gathered), depth.filter * channels, turned, place, count);
  }
  backend.disposeData(gathered.dataId);
  if (turned !== filter) backend.disposeData(turned.dataId);
}

/** XNNPACK's convolution of `frames` images over height and width; inputs that no output reads aren't among the floats. */
function conv2d(
  backend: WasmBackend,
  { axes: [, height, width], filters }: Geometry,
  image: number,
  channels: number,
  filter: TensorInfo,
  out: number,
  frames: number,
): void {
  const call = wasmFunction(backend, 'Conv2D', `id ${'number '.repeat(3)}id ${'number '.repeat(13)}id`);
  const [rows, columns] = [inputRange(height), inputRange(width)];
  withWindow(backend, image, [frames, rows.length, columns.length, channels], (x) =>
    withWindow(backend, out, [frames, height.output, width.output, filters], (y) =>
      call(
        idOf(backend, x),
        frames,
        rows.length,
        columns.length,
        idOf(backend, filter),
        height.filter,
        width.filter,
        rows.before,
        columns.after,
        rows.after,
        columns.before,
        0, // padding is given, not 'same'
        height.dilation,
        width.dilation,
        height.stride,
        width.stride,
        channels,
        filters,
        idOf(backend, y),
      ),
    ),
  );
}

/** A filter of [depth, height, width, channels, filters] as one of [height, width, depth * channels, filters]. */
function depthInChannels(backend: WasmBackend, geometry: Geometry, filter: TensorInfo): TensorInfo {
  const { channels, filters, axes } = geometry;
  const out = backend.makeOutput([tapsOf(geometry), filters], 'float32');
  const heap = floats(backend);
  const [source, target] = [wordOf(backend, filter), wordOf(backend, out)];
  const plane = axes[1].filter * axes[2].filter;
  const length = channels * filters;
  for (let d = 0; d < axes[0].filter; d++) {
    for (let p = 0; p < plane; p++) {
      const from = source + (d * plane + p) * length;
      heap.copyWithin(target + (p * axes[0].filter + d) * length, from, from + length);
    }
  }
  return out;
}

/** Writes `count` frames of [rows seen, columns seen, filter depth * channels], from output frame `first` on. */
function gather(
  heap: Float32Array,
  { channels, axes }: Geometry,
  image: number,
  target: number,
  first: number,
  count: number,
): void {
  const [depth, height, width] = axes;
  const [rows, columns] = [inputRange(height), inputRange(width)];
  const doubles = new Float64Array(heap.buffer);
  const pitch = depth.filter * channels;
  const frame = rows.length * columns.length * pitch;
  for (let f = 0; f < count; f++) {
    const od = (first + f) % depth.output;
    const sample = (first + f - od) / depth.output;
    for (let kd = 0; kd < depth.filter; kd++) {
      const id = od * depth.stride - depth.padBefore + kd * depth.dilation;
      const inside = id >= 0 && id < depth.input;
      let t = target + f * frame + kd * channels;
      for (let h = rows.from; h < rows.to; h++) {
        let s =
          image + (((sample * depth.input + id) * height.input + h) * width.input + columns.from) * channels;
        for (let w = 0; w < columns.length; w++, s += channels, t += pitch) {
          if (!inside) for (let i = t; i < t + channels; i++) heap[i] = 0;
          else if (channels >= LONG_RUN) heap.copyWithin(t, s, s + channels);
          else if ((t | s | channels) & 1) for (let i = 0; i < channels; i++) heap[t + i] = heap[s + i]!;
          else for (let i = t >> 1, j = s >> 1; i < (t + channels) >> 1; i++, j++) doubles[i] = doubles[j]!;
        }
      }
    }
  }
}
