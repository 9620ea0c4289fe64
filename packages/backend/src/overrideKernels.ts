import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

/** A kernel in the place of tfjs's own of this name, which `compose` receives where there is one. */
export interface Replacement {
  kernelName: string;
  compose(stock: KernelFunc | undefined): KernelFunc;
}

/** The places of one backend's kernels, where others can be put in and taken out again. */
export function overrideKernels(backendName: string) {
  /** What stood in a place while one of ours does: undefined where tfjs has none. */
  const replaced = new Map<string, KernelConfig | undefined>();
  return {
    /** Puts each in its place; where one of ours is already it stays. */
    install(replacements: readonly Replacement[]): string[] {
      for (const { kernelName, compose } of replacements) {
        if (replaced.has(kernelName)) continue;
        const original = getKernel(kernelName, backendName);
        replaced.set(kernelName, original);
        // tfjs warns of a name registered twice.
        if (original) unregisterKernel(kernelName, backendName);
        registerKernel({ ...original, kernelName, backendName, kernelFunc: compose(original?.kernelFunc) });
      }
      return replacements.map(({ kernelName }) => kernelName);
    },
    /** Puts tfjs's own back. */
    restore(): void {
      for (const [kernelName, stock] of replaced) {
        unregisterKernel(kernelName, backendName);
        if (stock) registerKernel(stock);
      }
      replaced.clear();
    },
    /** tfjs's own kernel of this name, whether or not another stands in its place. */
    original: (kernelName: string): KernelConfig | undefined =>
      replaced.has(kernelName) ? replaced.get(kernelName) : getKernel(kernelName, backendName),
  };
}
