import type * as tf from '@tensorflow/tfjs-core';

/** PyTorch's name and layout of one weight of a layer. */
export interface TorchWeight {
  /** The name after that of the module: `weight`, `running_mean`, or `0.weight` for a module in a module. */
  name: string;
  /** The shape in PyTorch. */
  shape: readonly number[];
  /** Converts PyTorch's layout to that of the layer. Absent: they are the same. */
  from?: (weight: tf.Tensor) => tf.Tensor;
}

/**
 * A layer that knows where PyTorch keeps each of its weights, in a module that computes the same.
 */
export interface TorchLayer {
  /** One entry for each weight, by the name that the layer gave to `addWeight`. Call it when the layer is built. */
  torchWeights(): { [weight: string]: TorchWeight };
  /**
   * Values that the PyTorch module has in a buffer and the layer in its config, such as the graph of a graph convolution.
   * The import does not set them; if the file has them, they must be equal.
   */
  torchConstants?(): TorchConstant[];
}

/** A value that is fixed in a layer's config, and that PyTorch stores as a buffer. */
export interface TorchConstant {
  /** The name after that of the module. */
  name: string;
  /** The shape in PyTorch. */
  shape: readonly number[];
  /** The values, row by row. */
  values: readonly number[];
}

/**
 * The naming of a family of networks. It maps the name of a layer here, without the encoder's name at its start
 * (`Stage1Block2Conv1`), to the dotted name of the PyTorch module that computes the same (`layer1.1.conv1.0`), or to
 * undefined if the family doesn't know the layer. `layers` are the names of all layers of the encoder, in the model's
 * order, for families that number their blocks through all stages.
 */
export type TorchNames = (layer: string, layers: readonly string[]) => string | undefined;
