import type * as tf from '@tensorflow/tfjs-core';

/** Modality name -> tensor. The first axis of each is the batch. */
export type Modalities = {
  /** The input of that name, `[batch, ...]`. */
  [modality: string]: tf.Tensor;
};

/**
 * The function that attacks fool: differentiable, from modalities to logits `[batch, classes]`, without softmax.
 * `classifierOf` makes one from a model; any function of tfjs operations is one too.
 */
export interface Classifier {
  /**
   * Logits `[batch, classes]` of a batch of inputs; the caller owns the result. Outputs `[batch, ...]` of another kind, as
   * in regression, are for losses and success criteria that are the caller's own functions.
   */
  (inputs: Modalities): tf.Tensor;
  /**
   * Optional: the same classifier, with all that depends only on these modalities computed once. Attacks use it when they
   * leave some modalities unchanged. The result always uses the values of `modalities` in `inputs`, even if it is called
   * with others. Call `dispose()` on the result.
   */
  frozen?(inputs: Modalities, modalities: string[]): FrozenClassifier;
  /**
   * Optional: the logits together with inner values by name, such as features, auxiliary logits or modality
   * weights, all from one differentiable pass. Losses that use inner values need it, {@link ObservedLoss}.
   */
  observe?(inputs: Modalities, names: readonly string[]): Observation;
}

/** The result of {@link Classifier.observe}; the caller owns the tensors. */
export interface Observation {
  /** `[batch, classes]` */
  logits: tf.Tensor2D;
  /** The inner values by name; the first axis of each is the batch. */
  values: { [name: string]: tf.Tensor };
}

/** A classifier that keeps the values it has computed from some modalities until it is disposed of. */
export type FrozenClassifier = Classifier & {
  /**
   * Optional: the same for some rows of the batch, without computing their values again. Dispose of both classifiers.
   * @param rows their indices, int32
   */
  take?(rows: tf.Tensor1D): FrozenClassifier;
  /** Frees the kept values; the classifier can't be called afterwards. */
  dispose(): void;
};
