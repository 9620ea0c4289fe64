import { Identity } from '@tensorflow/tfjs-core';
import type { ComposedKernel } from './kernel.js';

/**
 * The same tensor once more. The stock kernel copies it; here, as on the cpu backend, both share their values, which
 * never change. tfjs clones whatever a gradient will need, so that half the memory of a training step were copies.
 */
export const identity: ComposedKernel = {
  kernelName: Identity,
  compose: (stock) => (call) => {
    const { inputs, backend } = call;
    const x = inputs['x']!;
    if (x.dtype === 'string') return stock!(call);
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
};
