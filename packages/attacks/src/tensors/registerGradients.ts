import * as tf from '@tensorflow/tfjs-core';

/** Registers the gradients of tfjs-core's operations, which it comes without, by loading tfjs-layers if nothing else has. */
export async function registerGradients(): Promise<void> {
  if (!tf.getGradient('Add')) await import('@tensorflow/tfjs-layers');
}
