import type { TensorInfo } from '@tensorflow/tfjs-core';
import { asPlane, type Geometry, isPointwise, rowsOf, tapsOf } from '../geometry.js';
import { convolveFrames, framesLieReady, gatheredFloats } from './frames.js';
import { gemm } from './gemm.js';
import { floats, type WasmBackend, wordOf } from './heap.js';
import { fold, unfold } from './patches.js';

/** Bytes of patches at a time: they fit a second-level cache. */
const PATCH_BYTES = 512 * 1024;

/** Rows of output whose patches fit in {@link PATCH_BYTES}; at least one. */
const rowsAtOnce = (geometry: Geometry, line: number) =>
  Math.min(rowsOf(geometry), Math.max(1, Math.floor(PATCH_BYTES / (4 * line * geometry.axes[2].output))));

/**
 * Convolution, by the faster of two methods: XNNPACK's 2D convolution of frames that have the inputs of all depths of the
 * filter as channels, or products of unfolded patches with the filter. The first copies less. The second needs no rearranged
 * filter, and XNNPACK keeps the packed filter as long as the weights don't change. tfjs's own Conv3D is a naive loop, tens of
 * times slower than either.
 */
export function convolve(
  backend: WasmBackend,
  original: Geometry,
  image: TensorInfo,
  filter: TensorInfo,
  out: TensorInfo,
): void {
  if (isPointwise(original)) {
    const rows = rowsOf(original) * original.axes[2].output;
    const [a, result] = [wordOf(backend, image), wordOf(backend, out)];
    gemm(backend, { a, b: filter, out: result, rows, inner: original.channels, columns: original.filters });
    return;
  }
  const geometry = asPlane(original);
  if (costOfFrames(geometry) <= costOfPatches(geometry))
    convolveFrames(backend, geometry, image, filter, out);
  else convolvePatches(backend, geometry, image, filter, out);
}

/** XNNPACK's time for a multiplication and addition, where all of its lanes are used. */
const MULTIPLY = 0.07;
/** Filters that it computes at once. */
const LANES = 8;
/** Adding a float of the patches to the image. */
const FOLD = 2;
/** Overhead of a call. */
const CALL = 20_000;

/** About how many nanoseconds {@link convolve} takes, to choose between ways to compute the same. */
export function nanosecondsOf(original: Geometry): number {
  const filters = Math.ceil(original.filters / LANES) * LANES;
  const multiplied = MULTIPLY * rowsOf(original) * original.axes[2].output * tapsOf(original) * filters;
  if (isPointwise(original)) return CALL + multiplied;
  const geometry = asPlane(original);
  return CALL + multiplied + Math.min(costOfFrames(geometry), costOfPatches(geometry));
}

/** The same of {@link scatter}: each float of the patches is written once and added once. */
export function nanosecondsOfScatter(geometry: Geometry): number {
  const patches = rowsOf(geometry) * geometry.axes[2].output * tapsOf(geometry);
  return CALL + MULTIPLY * patches * geometry.filters + (isPointwise(geometry) ? 0 : FOLD * patches);
}

/** Nanoseconds, about, that go into rearranging rather than multiplying: a float is copied in 0.7 and packed in 5. */
const costOfPatches = (geometry: Geometry) =>
  0.7 * rowsOf(geometry) * geometry.axes[2].output * tapsOf(geometry);

const costOfFrames = (geometry: Geometry) =>
  framesLieReady(geometry) ? 0 : 0.7 * gatheredFloats(geometry) + 5 * tapsOf(geometry) * geometry.filters;

/** Products of a slab of patches with the filter as stored, [taps * channels, filters]. */
function convolvePatches(
  backend: WasmBackend,
  geometry: Geometry,
  image: TensorInfo,
  filter: TensorInfo,
  out: TensorInfo,
): void {
  const inner = tapsOf(geometry);
  const { filters: columns } = geometry;
  const width = geometry.axes[2].output;
  const total = rowsOf(geometry);
  const slab = rowsAtOnce(geometry, inner);
  const scratch = backend.makeOutput([slab * width, inner], 'float32');
  const patches = wordOf(backend, scratch);
  for (let row = 0; row < total; row += slab) {
    const rows = Math.min(slab, total - row);
    unfold(floats(backend), { geometry, image: wordOf(backend, image), patches, row, rows });
    const place = wordOf(backend, out) + row * width * columns;
    gemm(backend, { a: patches, b: filter, out: place, rows: rows * width, inner, columns });
  }
  backend.disposeData(scratch.dataId);
}

/**
 * The transpose of {@link convolve} in the image, [.., filters] to [.., channels]: products with the transposed
 * filter, [filters, taps * channels], added up where the patches overlap. Strides cost no extra multiplications.
 */
export function scatter(
  backend: WasmBackend,
  geometry: Geometry,
  dy: TensorInfo,
  transposed: TensorInfo,
  dx: TensorInfo,
): void {
  const columns = tapsOf(geometry);
  const { filters: inner } = geometry;
  const width = geometry.axes[2].output;
  const total = rowsOf(geometry);
  if (isPointwise(geometry)) {
    const a = wordOf(backend, dy);
    gemm(backend, { a, b: transposed, out: wordOf(backend, dx), rows: total * width, inner, columns });
    return;
  }
  backend.typedArrayFromHeap(dx).fill(0);
  const slab = rowsAtOnce(geometry, columns);
  const scratch = backend.makeOutput([slab * width, columns], 'float32');
  const patches = wordOf(backend, scratch);
  for (let row = 0; row < total; row += slab) {
    const rows = Math.min(slab, total - row);
    const a = wordOf(backend, dy) + row * width * inner;
    gemm(backend, { a, b: transposed, out: patches, rows: rows * width, inner, columns });
    fold(floats(backend), { geometry, image: wordOf(backend, dx), patches, row, rows });
  }
  backend.disposeData(scratch.dataId);
}
