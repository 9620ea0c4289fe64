import * as tf from '@tensorflow/tfjs-core';

/** tfjs-core comes without the gradients of its operations; loading tfjs-layers (or all of tfjs) registers them. */
export async function registerGradients(): Promise<void> {
  if (!tf.getGradient('Add')) await import('@tensorflow/tfjs-layers');
}
