import type { TensorInfo } from '@tensorflow/tfjs-core';
import { PATCH_BYTES } from './convolve.js';
import { gemm } from './gemm.js';
import { type Geometry, isPointwise, rowsOf, simplified, tapsOf } from './geometry.js';
import { floats, type WasmBackend, withWindow, wordOf } from './heap.js';
import { transposed } from './transpose.js';

/** A stretch of output places: `rows` rows from `row`, of each the columns [from, to). */
interface Stretch {
  row: number;
  rows: number;
  from: number;
  to: number;
}

/** Fills [taps, channels] lines with what each weight sees at each place of the stretch, from an image of [channels, places]. */
function unfoldTransposed(
  heap: Float32Array,
  geometry: Geometry,
  image: number,
  lines: number,
  { row, rows, from, to }: Stretch,
): void {
  const { axes, channels, batch } = geometry;
  const [depth, height, width] = axes;
  const places = batch * depth.input * height.input * width.input;
  const columns = to - from;
  const line = rows * columns;
  for (let r = 0; r < rows; r++) {
    const oh = (row + r) % height.output;
    const plane = (row + r - oh) / height.output;
    const od = plane % depth.output;
    const sample = (plane - od) / depth.output;
    for (let kd = 0; kd < depth.filter; kd++) {
      const id = od * depth.stride - depth.before + kd * depth.dilation;
      for (let kh = 0; kh < height.filter; kh++) {
        const ih = oh * height.stride - height.before + kh * height.dilation;
        const inside = id >= 0 && id < depth.input && ih >= 0 && ih < height.input;
        for (let kw = 0; kw < width.filter; kw++) {
          const first = from * width.stride - width.before + kw * width.dilation;
          // Columns [begin, end) of the stretch see the image.
          let begin = Math.min(columns, Math.max(0, Math.ceil(-first / width.stride)));
          let end = Math.min(columns, Math.max(begin, Math.ceil((width.input - first) / width.stride)));
          if (!inside) begin = end = columns;
          let target =
            lines + ((kd * height.filter + kh) * width.filter + kw) * channels * line + r * columns;
          let source = image + ((sample * depth.input + id) * height.input + ih) * width.input + first;
          for (let c = 0; c < channels; c++, target += line, source += places) {
            for (let i = 0; i < begin; i++) heap[target + i] = 0;
            if (width.stride > 1) {
              for (let i = begin, s = source + begin * width.stride; i < end; i++, s += width.stride) {
                heap[target + i] = heap[s]!;
              }
            } else if (end - begin >= 64) {
              heap.copyWithin(target + begin, source + begin, source + end);
            } else {
              for (let i = begin; i < end; i++) heap[target + i] = heap[source + i]!;
            }
            for (let i = end; i < columns; i++) heap[target + i] = 0;
          }
        }
      }
    }
  }
}

/**
 * The transpose of a convolution in its filter: what each weight sees, times dy, added up over all places. The image
 * is turned to [channels, places] once, so that a line of the left matrix is made of runs along the width; the right
 * matrix is dy as it lies, a stretch at a time.
 */
export function correlate(
  backend: WasmBackend,
  original: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
  filter: TensorInfo,
): void {
  const geometry = simplified(original);
  const { channels, filters, batch, axes } = geometry;
  const width = axes[2].output;
  const places = batch * axes[0].input * axes[1].input * axes[2].input;
  const image = transposed(backend, x, 1, places, channels);
  const weights = tapsOf(geometry);
  const total = rowsOf(geometry);
  const result = () => wordOf(backend, filter);
  const product = (a: number, row: number, from: number, count: number, out: number) =>
    withWindow(backend, wordOf(backend, dy) + (row * width + from) * filters, [1, count, filters], (b) =>
      gemm(backend, { a, b, out, rows: weights, inner: count, columns: filters }),
    );
  if (isPointwise(geometry)) {
    product(wordOf(backend, image), 0, 0, total * width, result());
    backend.disposeData(image.dataId);
    return;
  }
  const room = Math.max(64, Math.floor(PATCH_BYTES / (4 * weights)));
  const slab = Math.max(1, Math.floor(room / width));
  const columns = Math.min(width, room);
  const lines = backend.makeOutput([weights, slab * columns], 'float32');
  const part = backend.makeOutput([weights, filters], 'float32');
  backend.typedArrayFromHeap(filter).fill(0);
  for (let row = 0; row < total; row += slab) {
    const rows = Math.min(slab, total - row);
    for (let from = 0; from < width; from += columns) {
      const to = Math.min(width, from + columns);
      unfoldTransposed(floats(backend), geometry, wordOf(backend, image), wordOf(backend, lines), {
        row,
        rows,
        from,
        to,
      });
      product(wordOf(backend, lines), row, from, rows * (to - from), wordOf(backend, part));
      const heap = floats(backend);
      const sum = result();
      const term = wordOf(backend, part);
      for (let i = 0; i < weights * filters; i++) heap[sum + i]! += heap[term + i]!;
    }
  }
  for (const info of [image, lines, part]) backend.disposeData(info.dataId);
}
