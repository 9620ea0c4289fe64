import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

/** A kernel that replaces tfjs's own of this name, which `compose` receives where there is one. */
export interface Replacement {
  kernelName: string;
  compose(stock: KernelFunc | undefined): KernelFunc;
}

/** Overrides kernels of one backend, and restores them. */
export function overrideKernels(backendName: string) {
  /** The original kernels of those that are overridden: undefined where tfjs has none. */
  const replaced = new Map<string, KernelConfig | undefined>();
  return {
    /** Installs each replacement; one that is installed already stays. */
    install(replacements: readonly Replacement[]): string[] {
      for (const { kernelName, compose } of replacements) {
        if (replaced.has(kernelName)) continue;
        const original = getKernel(kernelName, backendName);
        replaced.set(kernelName, original);
        // tfjs warns about a name that is registered twice.
        if (original) unregisterKernel(kernelName, backendName);
        registerKernel({ ...original, kernelName, backendName, kernelFunc: compose(original?.kernelFunc) });
      }
      return replacements.map(({ kernelName }) => kernelName);
    },
    /** Restores tfjs's own kernels. */
    restore(): void {
      for (const [kernelName, stock] of replaced) {
        unregisterKernel(kernelName, backendName);
        if (stock) registerKernel(stock);
      }
      replaced.clear();
    },
    /** tfjs's own kernel of this name, whether or not it is overridden. */
    original: (kernelName: string): KernelConfig | undefined =>
      replaced.has(kernelName) ? replaced.get(kernelName) : getKernel(kernelName, backendName),
  };
}
