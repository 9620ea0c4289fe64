import { Transpose, type TransposeAttrs } from '@tensorflow/tfjs-core';
import { reshaped } from '../heap.js';
import { permute, simplifiedPermutation } from '../permute.js';
import type { ComposedKernel } from './kernel.js';

/**
 * Permutes axes. tfjs's kernel is fast up to rank 4 and a hundred times slower above; most permutations of higher
 * rank are of rank 4 or less once axes that stay together count as one.
 */
export const transpose: ComposedKernel = {
  kernelName: Transpose,
  compose: (stock) => (call) => {
    const { inputs, backend, attrs } = call;
    const x = inputs['x']!;
    if (x.dtype === 'string' || !stock) return stock!(call);
    const { perm } = attrs as unknown as TransposeAttrs;
    const shape = perm.map((axis) => x.shape[axis]!);
    const simple = simplifiedPermutation(x.shape, perm);
    if (simple.shape.length <= 1) return reshaped(backend, x, shape);
    if (simple.shape.length <= 4) {
      const turned = stock({
        inputs: { x: { ...x, shape: simple.shape } },
        backend,
        attrs: { perm: simple.perm },
      });
      return { ...turned, shape };
    }
    const out = backend.makeOutput(shape, x.dtype);
    permute(backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(out), simple.shape, simple.perm);
    return out;
  },
};
