import * as tf from '@tensorflow/tfjs-core';
import type { TorchWeight } from './torchWeights.js';

/** Kernels of convolutions and of dense layers: [...sizes, in, out] here, [out, in, ...sizes] in PyTorch. */
export function torchKernel(shape: readonly (number | null)[]): TorchWeight {
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const sizes = shape.slice(0, -2) as number[];
  const axes = [...sizes.map((_, axis) => axis + 2), 1, 0];
  return { name: 'weight', shape: [outputs, inputs, ...sizes], from: (weight) => tf.transpose(weight, axes) };
}
