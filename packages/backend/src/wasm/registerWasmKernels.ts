import { getKernel, type KernelConfig, type KernelFunc } from '@tensorflow/tfjs-core';
import { overrideKernels } from '../overrideKernels.js';
import type { Compute } from './kernels/kernel.js';
import { composedKernels } from './kernels/wasmKernels.js';

const places = overrideKernels('wasm');

/**
 * Gives the wasm backend the kernels that training needs, composed from its fast ones. tfjs's own lack the gradients
 * of conv2d's and depthwiseConv2d's filters; compute 3D convolutions, transposed products, slices of rank 5 and more
 * and sums over leading axes tens of times slower than need be; copy each tensor that a gradient keeps; and get some
 * cases wrong, such as the gradient of conv3d in an input of several channels and the maximum of negative values in a 3D
 * pool. A second call changes nothing.
 *
 * {@link useBackend} calls it when it picks wasm. On its own it wants `@tensorflow/tfjs-backend-wasm` imported first.
 *
 * @returns the names of the kernels that are in place
 * @throws {Error} when `@tensorflow/tfjs-backend-wasm` was not imported before
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
    throw new Error(
      'registerWasmKernels: the wasm backend is not there. Import @tensorflow/tfjs-backend-wasm first, or call ' +
        "`await useBackend({ backend: 'wasm' })`, which does both.",
    );
  }
  return places.install(
    composedKernels.map(({ kernelName, compose }) => ({
      kernelName,
      compose: (stock) => compose(stock as unknown as Compute<string> | undefined) as unknown as KernelFunc,
    })),
  );
}

/** Puts tfjs's own kernels back, as they were before {@link registerWasmKernels}. Without effect if it was not called. */
export function unregisterWasmKernels(): void {
  places.restore();
}

/**
 * tfjs's own kernel of this name for wasm, whether or not one of {@link registerWasmKernels} stands in its place; for
 * comparing the two.
 *
 * @param kernelName tfjs's name of the kernel, such as 'Conv3D'
 * @returns undefined where tfjs has none
 */
export function originalWasmKernel(kernelName: string): KernelConfig | undefined {
  return places.original(kernelName);
}
