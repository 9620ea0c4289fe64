import { getKernel, type KernelConfig, type KernelFunc } from '@tensorflow/tfjs-core';
import { BackendUnavailableError } from '../errors.js';
import { overrideKernels } from '../overrideKernels.js';
import type { Compute } from './kernels/kernel.js';
import { composedKernels } from './kernels/wasmKernels.js';

const kernels = overrideKernels('wasm');

/**
 * Gives the wasm backend the kernels that training needs, composed from its fast ones. tfjs's own kernels lack the
 * gradients of the filters of conv2d and depthwiseConv2d. They compute 3D convolutions, transposed products, slices of rank 5
 * and more, and sums over leading axes tens of times slower than necessary. They copy each tensor that a gradient keeps. And
 * some are wrong, such as the gradient of conv3d with several input channels and the maximum of negative values in a 3D
 * pool. A second call changes nothing.
 *
 * {@link useBackend} calls it when it chooses wasm. Without that, import `@tensorflow/tfjs-backend-wasm` first.
 *
 * @returns the names of the installed kernels
 * @throws {BackendUnavailableError} when `@tensorflow/tfjs-backend-wasm` was not imported before
 * @example
 * ```ts
 * import { registerWasmKernels } from '@amr/backend';
 * import '@tensorflow/tfjs-backend-wasm';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const kernels = registerWasmKernels();
 * await tf.setBackend('wasm');
 * console.log(kernels.includes('Conv3D')); // true
 * ```
 */
export function registerWasmKernels(): string[] {
  if (!getKernel('Conv2D', 'wasm')) {
    throw new BackendUnavailableError(
      'wasm',
      'it is not registered',
      "Import @tensorflow/tfjs-backend-wasm first, or call `await useBackend({ backend: 'wasm' })`, which does both.",
    );
  }
  return kernels.install(
    composedKernels.map(({ kernelName, compose }) => ({
      kernelName,
      compose: (stock) => compose(stock as unknown as Compute<string> | undefined) as unknown as KernelFunc,
    })),
  );
}

/** Restores tfjs's own kernels, as before {@link registerWasmKernels}. Without effect if it was not called. */
export function unregisterWasmKernels(): void {
  kernels.restore();
}

/**
 * tfjs's own kernel of this name for wasm, whether or not {@link registerWasmKernels} has replaced it, for comparing the two.
 *
 * @param kernelName tfjs's name of the kernel, such as 'Conv3D'
 * @returns undefined where tfjs has none
 */
export function originalWasmKernel(kernelName: string): KernelConfig | undefined {
  return kernels.original(kernelName);
}
