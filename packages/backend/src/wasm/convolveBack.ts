import type { TensorInfo } from '@tensorflow/tfjs-core';
import { scatter } from './convolve.js';
import { type Geometry, tapsOf } from './geometry.js';
import type { WasmBackend } from './heap.js';
import { transposed } from './transpose.js';

/** The transpose of a convolution in its image: dy [.., filters] to dx [.., channels]. */
export function convolveBack(
  backend: WasmBackend,
  geometry: Geometry,
  dy: TensorInfo,
  filter: TensorInfo,
  dx: TensorInfo,
): void {
  const turned = transposed(backend, filter, 1, tapsOf(geometry), geometry.filters);
  scatter(backend, geometry, dy, turned, dx);
  backend.disposeData(turned.dataId);
}
