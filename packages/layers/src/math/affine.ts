import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';

/** The weights of a dense layer. */
export interface AffineWeights {
  /** [inputs, outputs] */
  kernel: LayerVariable;
  /** [outputs] */
  bias: LayerVariable;
}

/** x W + b for rows x of [rows, inputs]. */
export function affine(x: tf.Tensor, { kernel, bias }: AffineWeights): tf.Tensor2D {
  return tf.add(tf.matMul(x as tf.Tensor2D, kernel.read() as tf.Tensor2D), bias.read());
}
