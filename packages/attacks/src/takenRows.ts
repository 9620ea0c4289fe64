import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from './classifier.js';

/** Some rows of each input, as new tensors. @param rows their indices, int32 */
export function takenRows(inputs: Modalities, rows: tf.Tensor1D): Modalities {
  return Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, tf.gather(x, rows)]));
}
