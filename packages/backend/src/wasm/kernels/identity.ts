import { Identity } from '@tensorflow/tfjs-core';
import type { ComposedKernel } from './kernel.js';

/**
 * A second tensor with the same values. tfjs's kernel copies them; here, as on the cpu backend, both share their values,
 * which never change. tfjs clones every tensor that a gradient needs: half the memory of a training step was copies.
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
