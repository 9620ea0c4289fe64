import type * as tf from '@tensorflow/tfjs-core';

/** Modality name -> tensor. The first axis of each is the batch. */
export type Modalities = {
  /** The input of that name, `[batch, ...]`. */
  [modality: string]: tf.Tensor;
};

/**
 * What is attacked: differentiable, modalities in, logits `[batch, classes]` out, no softmax.
 * `classifierOf` makes one of a `tf.LayersModel`; any function of tfjs operations is one too.
 */
export interface Classifier {
  /** Logits `[batch, classes]` of a batch of inputs; the caller owns the result. */
  (inputs: Modalities): tf.Tensor2D;
  /**
   * Optional: the same classifier with what depends only on these, unchanging, modalities computed once.
   * Attacks use it when they leave some modalities alone. The values of `modalities` in `inputs` are those
   * the result goes on using, whatever it is called with. Call `dispose()` on the result.
   */
  frozen?(inputs: Modalities, modalities: string[]): FrozenClassifier;
  /**
   * Optional: the logits together with inner values by name, such as features, auxiliary logits or modality
   * weights, all from one differentiable pass. Needed for losses that ask for them, {@link ObservedLoss}.
   */
  observe?(inputs: Modalities, names: readonly string[]): Observation;
}

/** What {@link Classifier.observe} gives; the caller owns the tensors. */
export interface Observation {
  /** `[batch, classes]` */
  logits: tf.Tensor2D;
  /** What was asked for, by name; the first axis of each is the batch. */
  values: { [name: string]: tf.Tensor };
}

/** A classifier that holds what it has computed of some modalities until it is disposed. */
export type FrozenClassifier = Classifier & {
  /**
   * Optional: the same for some rows of the batch, whose values are taken and not computed again. Dispose of both.
   * @param rows their indices, int32
   */
  take?(rows: tf.Tensor1D): FrozenClassifier;
  /** Frees what was computed; the classifier can't be called afterwards. */
  dispose(): void;
};
