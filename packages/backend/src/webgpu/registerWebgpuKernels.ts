import { getKernel, type KernelConfig } from '@tensorflow/tfjs-core';
import { overrideKernels } from '../overrideKernels.js';
import { webgpuKernels } from './webgpuKernels.js';

const places = overrideKernels('webgpu');

/**
 * Gives the WebGPU backend kernels in the place of those of tfjs 4.22 that are wrong, made of the ones that are right.
 * What fails there fails in silence: WebGPU tells the console that a shader is invalid, and the result is whatever its
 * memory held. Wrong are sums of 8 tensors and more by `addN`; a tensor of rank 5 or 6 beside a vector; padding of rank
 * 5 and more; transposes of booleans, of int32 and of what was cast from them, and with them sums, means, maxima, `all`
 * and `any` over any but the last axes; the gradient of 3D max pooling with a window of several frames that is not as high
 * as wide; and matrix products that repeat both sides. `tile` of rank 5 can't be computed in Node. Refused are `where`,
 * `cumsum`, `cumprod` and `reverse` of rank 5 and more. A second call changes nothing.
 *
 * {@link useBackend} calls it when it picks webgpu. On its own it wants `@tensorflow/tfjs-backend-webgpu` imported first,
 * where `navigator.gpu` exists.
 *
 * @returns the names of the kernels that are in place
 * @throws {Error} when the WebGPU backend is not there
 * @example
 * ```ts
 * import { registerWebgpuKernels, useBackend } from '@amr/backend';
 * import { getKernel } from '@tensorflow/tfjs-core';
 *
 * await useBackend({ backend: 'cpu' }); // or 'webgpu', which registers them by itself
 * if (getKernel('AddN', 'webgpu')) console.log(registerWebgpuKernels().includes('AddN'));
 * ```
 */
export function registerWebgpuKernels(): string[] {
  if (!getKernel('AddN', 'webgpu')) {
    throw new Error(
      'registerWebgpuKernels: the WebGPU backend is not there. Import @tensorflow/tfjs-backend-webgpu first, or call ' +
        "`await useBackend({ backend: 'webgpu' })`, which does both.",
    );
  }
  return places.install(webgpuKernels.filter(({ kernelName }) => places.original(kernelName)));
}

/** Puts tfjs's own kernels back, as they were before {@link registerWebgpuKernels}. Without effect if it was not called. */
export function unregisterWebgpuKernels(): void {
  places.restore();
}

/**
 * tfjs's own kernel of this name for WebGPU, whether or not one of {@link registerWebgpuKernels} stands in its place.
 *
 * @param kernelName tfjs's name of the kernel, such as 'AddN'
 * @returns undefined where tfjs has none
 */
export function stockWebgpuKernel(kernelName: string): KernelConfig | undefined {
  return places.original(kernelName);
}
