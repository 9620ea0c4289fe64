import * as tf from '@tensorflow/tfjs-core';
import type { BallGeometry } from './norm.js';

/** A matrix with zeros where the perturbation must stay zero. */
export function applyMask(matrix: tf.Tensor2D, { free }: BallGeometry): tf.Tensor2D {
  return free ? tf.mul(matrix, free) : matrix;
}
