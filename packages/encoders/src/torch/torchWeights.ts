import type * as tf from '@tensorflow/tfjs-core';

/** How PyTorch calls and lays out one weight of a layer. */
export interface TorchWeight {
  /** Its name behind the module's: `weight`, `running_mean`, or `0.weight` for a module in a module. */
  name: string;
  /** Its shape in PyTorch. */
  shape: readonly number[];
  /** From PyTorch's layout to the layer's own. Absent: they are the same. */
  from?: (weight: tf.Tensor) => tf.Tensor;
}

/**
 * A layer that says where each of its weights is found in a PyTorch module that computes the same. The keys are the
 * names that the layer gave to `addWeight`. Call it when the layer is built.
 */
export interface TorchLayer {
  /** One entry for each weight. */
  torchWeights(): { [weight: string]: TorchWeight };
}
