import type { Geometry } from '../geometry.js';
import { rowsOf } from '../geometry.js';

/**
 * Visits, for each row of outputs, each tap of the window that is inside in depth and height, in order: with the first output
 * position of the row, the position of the image's row that the tap reads, and the tap's column.
 */
function* rowTaps(geometry: Geometry) {
  const { axes } = geometry;
  const [depth, height, width] = axes;
  const total = rowsOf(geometry);
  for (let row = 0; row < total; row++) {
    const oh = row % height.output;
    const plane = (row - oh) / height.output;
    const od = plane % depth.output;
    const sample = (plane - od) / depth.output;
    const seen: { line: number; column: number }[] = [];
    for (let kd = 0; kd < depth.filter; kd++) {
      const id = od * depth.stride - depth.padBefore + kd * depth.dilation;
      if (id < 0 || id >= depth.input) continue;
      for (let kh = 0; kh < height.filter; kh++) {
        const ih = oh * height.stride - height.padBefore + kh * height.dilation;
        if (ih < 0 || ih >= height.input) continue;
        const line = ((sample * depth.input + id) * height.input + ih) * width.input;
        for (let kw = 0; kw < width.filter; kw++) {
          seen.push({ line, column: kw * width.dilation - width.padBefore });
        }
      }
    }
    yield { place: row * width.output, seen };
  }
}

/** The outputs of a row whose tap at `column` is inside. */
function within(width: Geometry['axes'][2], column: number): [first: number, end: number] {
  const first = Math.max(0, Math.ceil(-column / width.stride));
  return [first, Math.min(width.output, Math.ceil((width.input - column) / width.stride))];
}

/** out = the maximum of each window; heap indices of the image and of the result. */
export function maxPool(heap: Float32Array, geometry: Geometry, image: number, out: number): void {
  const { channels: size, axes } = geometry;
  const width = axes[2];
  for (const { place, seen } of rowTaps(geometry)) {
    const row = out + place * size;
    heap.fill(Number.NEGATIVE_INFINITY, row, row + width.output * size);
    for (const { line, column } of seen) {
      const [first, end] = within(width, column);
      for (let ow = first; ow < end; ow++) {
        const t = row + ow * size;
        const s = image + (line + ow * width.stride + column) * size;
        for (let c = 0; c < size; c++) if (heap[s + c]! > heap[t + c]!) heap[t + c] = heap[s + c]!;
      }
    }
  }
}

/**
 * dx = dy at the position of each window's maximum, added up where windows overlap. Of equal values the first in the
 * window's order counts, or the last.
 */
export function maxPoolBack(
  heap: Float32Array,
  geometry: Geometry,
  image: number,
  dy: number,
  dx: number,
  of: 'first' | 'last',
): void {
  const { channels: size, axes } = geometry;
  const width = axes[2];
  const greatest = new Float32Array(width.output * size);
  const from = new Int32Array(width.output * size);
  for (const { place, seen } of rowTaps(geometry)) {
    greatest.fill(Number.NEGATIVE_INFINITY);
    from.fill(-1);
    for (const { line, column } of seen) {
      const [first, end] = within(width, column);
      for (let ow = first; ow < end; ow++) {
        const t = ow * size;
        const s = (line + ow * width.stride + column) * size;
        for (let c = 0; c < size; c++) {
          const value = heap[image + s + c]!;
          if (value > greatest[t + c]! || (of === 'last' && value === greatest[t + c]!)) {
            greatest[t + c] = value;
            from[t + c] = s + c;
          }
        }
      }
    }
    const upstream = dy + place * size;
    for (let i = 0; i < from.length; i++) if (from[i]! >= 0) heap[dx + from[i]!]! += heap[upstream + i]!;
  }
}
