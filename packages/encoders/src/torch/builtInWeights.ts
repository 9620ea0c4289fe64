import * as tf from '@tensorflow/tfjs-core';
import { torchKernel } from './torchKernel.js';
import type { TorchWeight } from './torchWeights.js';

/** The PyTorch name, shape and layout of a weight, from its shape here. */
type Rule = (shape: readonly number[]) => TorchWeight;

/** A weight that PyTorch lays out as tfjs does. */
const same =
  (name: string): Rule =>
  (shape) => ({ name, shape });

const bias = same('bias');

/** [height, width, out, in] here, [in, out, height, width] in PyTorch. */
const transposedKernel: Rule = ([height, width, outputs, inputs]) => ({
  name: 'weight',
  shape: [inputs!, outputs!, height!, width!],
  from: (weight) => tf.transpose(weight, [2, 3, 1, 0]),
});

/** [height, width, in, multiplier] here, [in * multiplier, 1, height, width] in PyTorch, where groups = in. */
const depthwiseKernel: Rule = ([height, width, inputs, multiplier]) => ({
  name: 'weight',
  shape: [inputs! * multiplier!, 1, height!, width!],
  from: (weight) => tf.transpose(tf.reshape(weight, [inputs!, multiplier!, height!, width!]), [2, 3, 0, 1]),
});

const convolution = { kernel: torchKernel, bias };
const affine = { gamma: same('weight'), beta: bias };

/** Rules by class and weight. There are none for recurrent layers: PyTorch has two biases where tfjs has one. */
const RULES: { readonly [className: string]: { readonly [weight: string]: Rule } } = {
  Dense: convolution,
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: { kernel: transposedKernel, bias },
  DepthwiseConv2D: { depthwise_kernel: depthwiseKernel, bias },
  BatchNormalization: {
    ...affine,
    moving_mean: same('running_mean'),
    moving_variance: same('running_var'),
  },
  LayerNormalization: affine,
  Embedding: { embeddings: same('weight') },
};

/**
 * The same as {@link TorchLayer.torchWeights}, for layers that come with tfjs.
 * @param shapes of the layer's weights by name
 * @returns undefined for a class that PyTorch has no counterpart of
 */
export function builtInWeights(
  className: string,
  shapes: { readonly [weight: string]: readonly number[] },
): { [weight: string]: TorchWeight } | undefined {
  const rules = RULES[className];
  if (!rules) return undefined;
  const known = Object.entries(shapes).filter(([weight]) => rules[weight]);
  return Object.fromEntries(known.map(([weight, shape]) => [weight, rules[weight]!(shape)]));
}
