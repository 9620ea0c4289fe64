import * as tf from '@tensorflow/tfjs-core';

/** `tf.tidy` for results that hold other things beside tensors: those it finds in objects and lists stay. */
export function tidyObject<T>(make: () => T): T {
  return tf.tidy(make as unknown as () => tf.TensorContainer) as unknown as T;
}
