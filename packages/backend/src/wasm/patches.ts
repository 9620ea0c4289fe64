import { type Geometry, tapsOf } from '../geometry.js';

/** Above this many floats the engine's own memmove is faster than a loop. */
const LONG_RUN = 20;

/**
 * The positions of the patches along the width. Taps next to each other are one run of memory, so a group is the whole
 * width of the filter, or a single tap where it is dilated. Of group g at output o the taps [from, to) are inside.
 */
function groupsOf({ axes: [, , width] }: Geometry) {
  const taps = width.dilation === 1 ? width.filter : 1;
  const count = width.filter / taps;
  const from = new Int32Array(count * width.output);
  const to = new Int32Array(count * width.output);
  for (let g = 0; g < count; g++) {
    for (let o = 0; o < width.output; o++) {
      const first = o * width.stride - width.padBefore + g * width.dilation;
      from[g * width.output + o] = Math.min(taps, Math.max(0, -first));
      to[g * width.output + o] = Math.max(0, Math.min(taps, width.input - first));
    }
  }
  return { taps, count, from, to };
}

/** The arguments of {@link unfold} and {@link fold}. */
export interface Patches {
  geometry: Geometry;
  /** First float of the image, [batch, ...axes.input, channels]. */
  image: number;
  /** First float of the patches, [rows * width, taps * channels]: a line for each output position. */
  patches: number;
  /** First row of output, counted over batch, depth and height. */
  row: number;
  /** Rows of output. */
  rows: number;
}

/** Copies the patch that each output reads into a separate line (im2col); positions outside are zero. */
export function unfold(heap: Float32Array, { geometry, image, patches, row, rows }: Patches): void {
  const { axes, channels } = geometry;
  const [depth, height, width] = axes;
  const groups = groupsOf(geometry);
  const line = tapsOf(geometry);
  const step = groups.taps * channels;
  const doubles = new Float64Array(heap.buffer);
  for (let r = 0; r < rows; r++) {
    const oh = (row + r) % height.output;
    const plane = (row + r - oh) / height.output;
    const od = plane % depth.output;
    const sample = (plane - od) / depth.output;
    for (let kd = 0; kd < depth.filter; kd++) {
      const id = od * depth.stride - depth.padBefore + kd * depth.dilation;
      for (let kh = 0; kh < height.filter; kh++) {
        const ih = oh * height.stride - height.padBefore + kh * height.dilation;
        const inside = id >= 0 && id < depth.input && ih >= 0 && ih < height.input;
        for (let g = 0; g < groups.count; g++) {
          const tap = (kd * height.filter + kh) * width.filter + g * groups.taps;
          let target = patches + r * width.output * line + tap * channels;
          let source =
            image +
            (((sample * depth.input + id) * height.input + ih) * width.input -
              width.padBefore +
              g * width.dilation) *
              channels;
          for (let ow = 0; ow < width.output; ow++, target += line, source += width.stride * channels) {
            if (!inside) {
              for (let i = target; i < target + step; i++) heap[i] = 0;
              continue;
            }
            const from = groups.from[g * width.output + ow]! * channels;
            const to = groups.to[g * width.output + ow]! * channels;
            for (let i = target; i < target + from; i++) heap[i] = 0;
            if (to - from >= LONG_RUN) {
              heap.copyWithin(target + from, source + from, source + to);
            } else if (((target + from) | (source + from) | (to - from)) & 1) {
              for (let i = from; i < to; i++) heap[target + i] = heap[source + i]!;
            } else {
              // Two floats at a time.
              const shift = (source - target) >> 1;
              const end = (target + to) >> 1;
              for (let i = (target + from) >> 1; i < end; i++) doubles[i] = doubles[i + shift]!;
            }
            for (let i = target + Math.max(from, to); i < target + step; i++) heap[i] = 0;
          }
        }
      }
    }
  }
}

/** Adds each line to its patch of the image (col2im), the transpose of {@link unfold}. */
export function fold(heap: Float32Array, { geometry, image, patches, row, rows }: Patches): void {
  const { axes, channels } = geometry;
  const [depth, height, width] = axes;
  const groups = groupsOf(geometry);
  const line = tapsOf(geometry);
  for (let r = 0; r < rows; r++) {
    const oh = (row + r) % height.output;
    const plane = (row + r - oh) / height.output;
    const od = plane % depth.output;
    const sample = (plane - od) / depth.output;
    for (let kd = 0; kd < depth.filter; kd++) {
      const id = od * depth.stride - depth.padBefore + kd * depth.dilation;
      if (id < 0 || id >= depth.input) continue;
      for (let kh = 0; kh < height.filter; kh++) {
        const ih = oh * height.stride - height.padBefore + kh * height.dilation;
        if (ih < 0 || ih >= height.input) continue;
        for (let g = 0; g < groups.count; g++) {
          const tap = (kd * height.filter + kh) * width.filter + g * groups.taps;
          let source = patches + r * width.output * line + tap * channels;
          let target =
            image +
            (((sample * depth.input + id) * height.input + ih) * width.input -
              width.padBefore +
              g * width.dilation) *
              channels;
          for (let ow = 0; ow < width.output; ow++, source += line, target += width.stride * channels) {
            const from = groups.from[g * width.output + ow]! * channels;
            const to = groups.to[g * width.output + ow]! * channels;
            for (let i = from; i < to; i++) heap[target + i]! += heap[source + i]!;
          }
        }
      }
    }
  }
}
