import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable } from '@tensorflow/tfjs-layers';
import type { TorchWeight } from '../torch/torchWeights.js';
import { heNormal } from './heNormal.js';

/** Kernel [in, out] and bias [out] of a pointwise convolution that is a part of a layer. */
export interface Pointwise {
  kernel: LayerVariable;
  bias: LayerVariable;
}

/** A layer's `addWeight`, which only the layer itself may call. */
type AddWeight = (
  weight: string,
  shape: number[],
  initializer: ReturnType<typeof initializers.zeros>,
) => LayerVariable;

/** Adds weights `<weight>Kernel`, He-normal over the fan out, and `<weight>Bias`, zero, to a layer. */
export function pointwise(
  add: AddWeight,
  weight: string,
  [channels, filters]: [number, number],
  seed: number | undefined,
): Pointwise {
  return {
    kernel: add(`${weight}Kernel`, [channels, filters], heNormal(seed)),
    bias: add(`${weight}Bias`, [filters], initializers.zeros()),
  };
}

/** What {@link TorchLayer} says of weights `<weight>Kernel` and `<weight>Bias` that PyTorch keeps in a Conv2d of kernel 1. */
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
