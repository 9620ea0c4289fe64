import * as tf from '@tensorflow/tfjs-core';
import type { Room } from './norm.js';

/** A matrix with zeros where the perturbation must stay zero. */
export function freed(matrix: tf.Tensor2D, { free }: Room): tf.Tensor2D {
  return free ? tf.mul(matrix, free) : matrix;
}
