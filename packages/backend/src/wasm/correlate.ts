import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Geometry, isPointwise, rowsOf, simplified, tapsOf } from '../geometry.js';
import { addInPlace } from './add.js';
import { gemm } from './gemm.js';
import { floats, type WasmBackend, withWindow, wordOf } from './heap.js';
import { layOut, padRows, unfoldLines } from './lines.js';
import { unfold } from './patches.js';
import { transposeMatrices } from './transpose.js';

/** Bytes of the left matrix at a time. */
const SLAB_BYTES = 1024 * 1024;
/** With fewer positions at a time, packing and adding up cost more than the product. */
const MIN_PLACES = 192;
/** With more, the packed part of dy leaves the cache. Not a power of two: its lines would fall on the same cache sets. */
const MAX_PLACES = 500;

/** The two matrices of {@link correlate}, the right one as a tensor, the left one a few columns at a time. */
interface Product {
  places: number;
  /** [places, filters]. */
  right: TensorInfo;
  /** Writes columns [from, to) of the left matrix, [weights, to - from], at float `target`. */
  fill(target: number, from: number, to: number): void;
  dispose(): void;
}

/**
 * The transpose of a convolution in its filter: the inputs that each weight reads, times dy, added up over all output
 * positions. It works on a slab of positions at a time, so that the operands stay in the cache.
 */
export function correlate(
  backend: WasmBackend,
  geometry: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
  dw: TensorInfo,
): void {
  const weights = tapsOf(geometry);
  const { filters } = geometry;
  const single = geometry.axes.every((axis) => axis.filter === 1);
  const { places, right, fill, dispose } = (single ? turnedProduct : linesProduct)(backend, geometry, x, dy);
  const most = Math.max(MIN_PLACES, Math.min(MAX_PLACES, Math.floor(SLAB_BYTES / (4 * weights))));
  const slab = Math.min(places, most);
  const left = backend.makeOutput([weights, slab], 'float32');
  const part = backend.makeOutput([weights, filters], 'float32');
  for (let from = 0; from < places; from += slab) {
    const count = Math.min(slab, places - from);
    fill(wordOf(backend, left), from, from + count);
    withWindow(backend, wordOf(backend, right) + from * filters, [1, count, filters], (b) =>
      gemm(backend, {
        a: wordOf(backend, left),
        b,
        out: wordOf(backend, from === 0 ? dw : part),
        rows: weights,
        inner: count,
        columns: filters,
      }),
    );
    if (from > 0) addInPlace(backend, wordOf(backend, dw), wordOf(backend, part), weights * filters);
  }
  backend.disposeData(left.dataId);
  backend.disposeData(part.dataId);
  dispose();
}

/** A filter of a single tap reads each input once: the left matrix is the transpose of these inputs. */
function turnedProduct(backend: WasmBackend, geometry: Geometry, x: TensorInfo, dy: TensorInfo): Product {
  const { channels } = geometry;
  const rows = rowsOf(geometry);
  const places = rows * geometry.axes[2].output;
  let seen = x;
  if (!isPointwise(geometry)) {
    seen = backend.makeOutput([places, channels], 'float32');
    const [image, patches] = [wordOf(backend, x), wordOf(backend, seen)];
    unfold(floats(backend), { geometry, image, patches, row: 0, rows });
  }
  return {
    places,
    right: dy,
    fill: (target, from, to) =>
      transposeMatrices(
        floats(backend),
        wordOf(backend, seen) + from * channels,
        target,
        1,
        to - from,
        channels,
      ),
    dispose: () => {
      if (seen !== x) backend.disposeData(seen.dataId);
    },
  };
}

/** The left matrix is made of long runs of the image laid out in lines; dy gets rows of the lines' length. */
function linesProduct(backend: WasmBackend, original: Geometry, x: TensorInfo, dy: TensorInfo): Product {
  const geometry = simplified(original);
  const lines = layOut(backend, geometry, x);
  const right = padRows(backend, dy, geometry, lines.pitch);
  return {
    places: rowsOf(geometry) * lines.pitch,
    right,
    fill: (target, from, to) => unfoldLines(backend, geometry, lines, target, from, to),
    dispose: () => {
      backend.disposeData(lines.tensor.dataId);
      backend.disposeData(right.dataId);
    },
  };
}
