import { AddN, type TensorInfo } from '@tensorflow/tfjs-core';
import { around } from './kernelCall.js';

/** A shader may read 8 buffers, the result's included, unless the device was requested with more; tfjs requests no more. */
const MOST = 7;

/**
 * Sums of any number of tensors. tfjs's shader reads all of them at once: with 8 or more it is rejected, and the sum is
 * what the memory held before.
 */
export const addN = around(AddN, (stock) => (given) => {
  let terms: TensorInfo[] = Object.values(given.inputs);
  let sum: TensorInfo | undefined;
  while (!sum || terms.length > 0) {
    const now: TensorInfo[] = [...(sum ? [sum] : []), ...terms.slice(0, sum ? MOST - 1 : MOST)];
    terms = terms.slice(sum ? MOST - 1 : MOST);
    // tfjs's kernel takes the terms as an array.
    const next = stock({ ...given, inputs: now as never });
    if (sum) given.backend.disposeData(sum.dataId);
    sum = next;
  }
  return sum;
});
