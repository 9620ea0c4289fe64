import * as tf from '@tensorflow/tfjs-core';
import { tidyObject } from './tidyObject.js';

/**
 * Takes some rows of every tensor in nested plain objects and lists, as new tensors. Their first axis is the batch. Other
 * values stay as they are, and a tensor that occurs twice is gathered once.
 * @param rows their indices, int32
 */
export function takeRows<T>(value: T, rows: tf.Tensor1D): T {
  const known = new Map<tf.Tensor, tf.Tensor>();
  const taken = (part: unknown): unknown => {
    if (part instanceof tf.Tensor) {
      if (!known.has(part)) known.set(part, tf.gather(part, rows));
      return known.get(part);
    }
    if (Array.isArray(part)) return part.map(taken);
    if (Object.getPrototypeOf(part ?? 0) !== Object.prototype) return part;
    return Object.fromEntries(Object.entries(part as object).map(([name, one]) => [name, taken(one)]));
  };
  return tidyObject(() => taken(value) as T);
}
