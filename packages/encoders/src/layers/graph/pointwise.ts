import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { TorchWeight } from '../../torch/torchWeights.js';

/** The weights of a pointwise convolution that is a part of a layer. */
export interface Pointwise {
  /** [in, out] */
  kernel: LayerVariable;
  /** [out] */
  bias: LayerVariable;
}

/** The entries of {@link TorchLayer.torchWeights} for weights `<weight>Kernel` and `<weight>Bias`, which PyTorch has in a Conv2d of kernel 1. */
export function pointwiseTorchWeights(
  weight: string,
  module: string,
  { kernel }: Pointwise,
): { [weight: string]: TorchWeight } {
  const [channels, filters] = kernel.shape as [number, number];
  return {
    [`${weight}Kernel`]: {
      name: `${module}.weight`,
      shape: [filters, channels, 1, 1],
      from: (given) => tf.transpose(tf.reshape(given, [filters, channels])),
    },
    [`${weight}Bias`]: { name: `${module}.bias`, shape: [filters] },
  };
}
