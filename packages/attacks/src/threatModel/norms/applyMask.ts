import * as tf from '@tensorflow/tfjs-core';
import type { BallGeometry } from './norm.js';

/** The perturbation, with 0 where the mask is 0. */
export function applyMask(perturbation: tf.Tensor2D, { free }: BallGeometry): tf.Tensor2D {
  return free ? tf.mul(perturbation, free) : perturbation;
}
