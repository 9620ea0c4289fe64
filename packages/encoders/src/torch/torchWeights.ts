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
  /**
   * What the PyTorch module keeps in a buffer and the layer in its config, such as the graph of a graph convolution:
   * nothing is read from the file, but where the file has it, it must say the same.
   */
  torchConstants?(): TorchConstant[];
}

/** A value that is fixed in a layer's config and stored as a buffer by PyTorch. */
export interface TorchConstant {
  /** Its name behind the module's. */
  name: string;
  /** Its shape in PyTorch. */
  shape: readonly number[];
  /** Its values, row by row. */
  values: readonly number[];
}

/**
 * The naming of a family of networks: from the name of a layer here, without the encoder's name in front
 * (`Stage1Block2Conv1`), to the dotted name of the PyTorch module that computes the same (`layer1.1.conv1.0`);
 * undefined for a layer that the family doesn't know. `layers` are the names of all layers of the encoder, in the
 * model's order, for families that count blocks through all stages.
 */
export type TorchNames = (layer: string, layers: readonly string[]) => string | undefined;
