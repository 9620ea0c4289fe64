import * as tf from '@tensorflow/tfjs-core';

/** `tf.tidy` for results that hold other values as well as tensors. Keeps the tensors that it finds in objects and lists. */
export function tidyObject<T>(make: () => T): T {
  return tf.tidy(make as unknown as () => tf.TensorContainer) as unknown as T;
}
