import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { composedKernels } from './kernels/index.js';
import { computeOf } from './kernels/kernel.js';

const stockKernels = new Map<string, KernelConfig | undefined>();

export function registerWasmKernels(): string[] {
  if (!getKernel('Conv2D', 'wasm')) {
    throw new Error(
      "registerWasmKernels: the wasm backend isn't there. Call it after `await import('@tensorflow/tfjs-backend-wasm')`, or use useBackend({ backend: 'wasm' }), which does both.",
    );
  }
  for (const { kernelName, compose } of composedKernels) {
    if (stockKernels.has(kernelName)) continue;
    const stock = getKernel(kernelName, 'wasm');
    stockKernels.set(kernelName, stock);
    if (stock) unregisterKernel(kernelName, 'wasm');
    registerKernel({
      ...stock,
      kernelName,
      backendName: 'wasm',
      kernelFunc: compose(computeOf(stock)) as unknown as KernelConfig['kernelFunc'],
    });
  }
  return composedKernels.map((kernel) => kernel.kernelName);
}

export const stockKernel = (kernelName: string) => stockKernels.get(kernelName);
