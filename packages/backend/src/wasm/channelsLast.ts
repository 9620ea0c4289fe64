import type { TensorInfo } from '@tensorflow/tfjs-core';
import { reshaped, type WasmBackend } from './heap.js';
import { transposed } from './transpose.js';

type Format = 'NHWC' | 'NCHW';

/** An image as NHWC. Dispose of the result: where nothing had to move, it is another reference to the same memory. */
export function toChannelsLast(backend: WasmBackend, image: TensorInfo, format: Format): TensorInfo {
  if (format !== 'NCHW') return reshaped(backend, image, image.shape);
  const [n, c, h, w] = image.shape as [number, number, number, number];
  return { ...transposed(backend, image, n, c, h * w), shape: [n, h, w, c] };
}

/** An NHWC image in the requested format. Consumes the image. */
export function fromChannelsLast(backend: WasmBackend, image: TensorInfo, format: Format): TensorInfo {
  if (format !== 'NCHW') return image;
  const [n, h, w, c] = image.shape as [number, number, number, number];
  const out = { ...transposed(backend, image, n, h * w, c), shape: [n, c, h, w] };
  backend.disposeData(image.dataId);
  return out;
}
