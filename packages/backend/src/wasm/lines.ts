import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, type Geometry, rowsOf } from '../geometry.js';
import { floats, type WasmBackend, wordOf } from './heap.js';

/** Input i of an axis is entry `index` of its phase: i = stride * index + phase. Tap k at output o reads entry o + shift. */
function tapsAlong({ filter, stride, dilation, padBefore }: Axis) {
  return Array.from({ length: filter }, (_, k) => {
    const offset = k * dilation - padBefore;
    const shift = Math.floor(offset / stride);
    return { phase: offset - shift * stride, shift };
  });
}

/**
 * The image as one line for each channel, in which the inputs of a tap for a whole block of rows are one run of memory: rows
 * and columns are sorted by phase, so that strides vanish, and each row is followed by enough zeros for taps that read past
 * its end or, in the row after it, before its start.
 */
export interface Lines {
  tensor: TensorInfo;
  /** Floats of a row with its zeros. */
  pitch: number;
  /** Floats of a phase of the rows of a frame. */
  block: number;
  /** Floats of a frame (a depth of a sample). */
  frame: number;
  /** Floats of a channel. */
  line: number;
  /** Zeros before the first frame. */
  lead: number;
}

/** Lays an image out in lines. */
export function layOut(backend: WasmBackend, { batch, channels, axes }: Geometry, x: TensorInfo): Lines {
  const [depth, height, width] = axes;
  const shifts = tapsAlong(width).map(({ shift }) => shift);
  const least = Math.min(0, ...shifts);
  const most = Math.max(0, ...shifts);
  const columns = Math.ceil(width.input / width.stride);
  const rows = Math.ceil(height.input / height.stride);
  const pitch = Math.max(columns - least, width.output + most);
  const block = rows * width.stride * pitch;
  const frame = height.stride * block;
  const lead = -least;
  const line = lead + batch * depth.input * frame + most;
  const tensor = backend.makeOutput([channels, line], 'float32');
  backend.typedArrayFromHeap(tensor).fill(0);
  const heap = floats(backend);
  const start = wordOf(backend, tensor) + lead;
  let source = wordOf(backend, x);
  for (let f = 0; f < batch * depth.input; f++) {
    for (let h = 0; h < height.input; h++) {
      const phase = h % height.stride;
      // Phases of the columns lie block after block: all rows of one, then all rows of the next.
      const row = start + f * frame + phase * block + ((h - phase) / height.stride) * pitch;
      for (let p = 0; p < width.stride; p++) {
        for (let c = 0; c < channels; c++) {
          let target = row + p * rows * pitch + c * line;
          for (let w = p, s = source + p * channels + c; w < width.input; w += width.stride) {
            heap[target++] = heap[s]!;
            s += width.stride * channels;
          }
        }
      }
      source += width.input * channels;
    }
  }
  return { tensor, pitch, block, frame, line, lead };
}

/** dy with rows as long as those of the image's lines, zero at their ends. */
export function padRows(backend: WasmBackend, dy: TensorInfo, geometry: Geometry, pitch: number): TensorInfo {
  const { filters } = geometry;
  const rows = rowsOf(geometry);
  const out = backend.makeOutput([rows, pitch, filters], 'float32');
  const heap = floats(backend);
  const length = geometry.axes[2].output * filters;
  for (let r = 0, s = wordOf(backend, dy), t = wordOf(backend, out); r < rows; r++, s += length) {
    heap.copyWithin(t, s, s + length);
    heap.fill(0, t + length, t + pitch * filters);
    t += pitch * filters;
  }
  return out;
}

/** Fills [weights, to - from] with the inputs that each weight reads for the positions [from, to), zeros of rows included. */
export function unfoldLines(
  backend: WasmBackend,
  { axes, channels }: Geometry,
  { tensor, pitch, block, frame, line, lead }: Lines,
  target: number,
  from: number,
  to: number,
): void {
  const [depth, height, width] = axes;
  const heap = floats(backend);
  const start = wordOf(backend, tensor) + lead;
  const length = to - from;
  const plane = height.output * pitch;
  const columnPhase = Math.ceil(height.input / height.stride) * pitch;
  const alongDepth = tapsAlong({ ...depth, stride: 1 });
  const alongHeight = tapsAlong(height);
  const alongWidth = tapsAlong(width);
  // The part of the slab that lies in each frame of output, one after the other.
  for (let f = Math.floor(from / plane); f * plane < to; f++) {
    const begin = Math.max(from, f * plane);
    const end = Math.min(to, (f + 1) * plane);
    const sample = Math.floor(f / depth.output);
    const first = (f - sample * depth.output) * depth.stride;
    let row = target;
    for (const { shift: near } of alongDepth) {
      const id = first + near;
      for (const { phase, shift } of alongHeight) {
        // The rows of this frame that read a row of the image, as positions.
        const rows = Math.ceil((height.input - phase) / height.stride);
        const seen = f * plane + Math.max(0, -shift) * pitch;
        const unseen = f * plane + Math.max(0, Math.min(height.output, rows - shift)) * pitch;
        const inside = id >= 0 && id < depth.input;
        const a = inside ? Math.min(end, Math.max(begin, seen)) : end;
        const b = inside ? Math.max(a, Math.min(end, unseen)) : end;
        const base = start + (sample * depth.input + id) * frame + phase * block + shift * pitch - f * plane;
        for (const column of alongWidth) {
          let source = base + column.phase * columnPhase + column.shift;
          for (let c = 0; c < channels; c++, source += line, row += length) {
            const offset = row - from;
            if (a > begin) heap.fill(0, offset + begin, offset + a);
            if (b > a) heap.copyWithin(offset + a, source + a, source + b);
            if (end > b) heap.fill(0, offset + b, offset + end);
          }
        }
      }
    }
  }
}
