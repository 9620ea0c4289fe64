import { getKernel, type KernelConfig } from '@tensorflow/tfjs-core';
import { BackendUnavailableError } from '../errors.js';
import { overrideKernels } from '../overrideKernels.js';
import { webgpuKernels } from './webgpuKernels.js';

const kernels = overrideKernels('webgpu');

/**
 * Replaces the kernels of the WebGPU backend of tfjs 4.22 that are wrong by ones composed of correct kernels. The wrong
 * kernels fail silently: WebGPU logs an invalid shader on the console, and the result is whatever the memory held. Wrong are
 * sums of 8 tensors and more by `addN`; operations on a tensor of rank 5 or 6 and a vector; padding of rank
 * 5 and more; transposes of booleans, of int32 and of what was cast from them, and with them sums, means, maxima, `all`
 * and `any` over any but the last axes; the gradient of 3D max pooling with a window of several frames that is not as high
 * as wide; and matrix products that repeat both sides. `tile` of rank 5 can't be computed in Node. Refused are `where`,
 * `cumsum`, `cumprod` and `reverse` of rank 5 and more. A second call changes nothing.
 *
 * {@link useBackend} calls it when it chooses webgpu. Without that, import `@tensorflow/tfjs-backend-webgpu` first, where
 * `navigator.gpu` exists.
 *
 * @returns the names of the installed kernels
 * @throws {BackendUnavailableError} when the WebGPU backend is not registered
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
    throw new BackendUnavailableError(
      'webgpu',
      'it is not registered',
      "Import @tensorflow/tfjs-backend-webgpu first, or call `await useBackend({ backend: 'webgpu' })`, which does both.",
    );
  }
  return kernels.install(webgpuKernels.filter(({ kernelName }) => kernels.original(kernelName)));
}

/** Restores tfjs's own kernels, as before {@link registerWebgpuKernels}. Without effect if it was not called. */
export function unregisterWebgpuKernels(): void {
  kernels.restore();
}

/**
 * tfjs's own kernel of this name for WebGPU, whether or not {@link registerWebgpuKernels} has replaced it.
 *
 * @param kernelName tfjs's name of the kernel, such as 'AddN'
 * @returns undefined where tfjs has none
 */
export function originalWebgpuKernel(kernelName: string): KernelConfig | undefined {
  return kernels.original(kernelName);
}
