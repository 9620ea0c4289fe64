import { registerMissingGradients } from '@amr/internal/gradients';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Registers the gradients of tfjs-core's operations, which it comes without, by loading tfjs-layers if nothing else has, and
 * those that tfjs doesn't have at all: of comparisons and of dilated convolutions.
 */
export async function registerGradients(): Promise<void> {
  if (!tf.getGradient('Add')) await import('@tensorflow/tfjs-layers');
  registerMissingGradients();
}
