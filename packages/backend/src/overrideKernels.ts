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
export function kernelPlaces(backendName: string) {
  /** What stood in a place while one of ours does: undefined where tfjs has none. */
  const replaced = new Map<string, KernelConfig | undefined>();
  return {
    /** Puts each in its place; where one of ours is already it stays. */
    put(replacements: readonly Replacement[]): string[] {
      for (const { kernelName, compose } of replacements) {
        if (replaced.has(kernelName)) continue;
        const stock = getKernel(kernelName, backendName);
        replaced.set(kernelName, stock);
        // tfjs warns of a name registered twice.
        if (stock) unregisterKernel(kernelName, backendName);
        registerKernel({ ...stock, kernelName, backendName, kernelFunc: compose(stock?.kernelFunc) });
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
    stock: (kernelName: string): KernelConfig | undefined =>
      replaced.has(kernelName) ? replaced.get(kernelName) : getKernel(kernelName, backendName),
  };
}
