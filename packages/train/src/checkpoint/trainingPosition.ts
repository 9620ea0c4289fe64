/** Sums of an epoch so far. A checkpoint holds them, so that an epoch's means are exact after an interruption. */
interface RunningSums {
  /** Sum of the loss over the samples seen. */
  loss: number;
  /** Samples predicted correctly in their training step. */
  correct: number;
  /** Samples seen. */
  seen: number;
}

/** Metrics of a finished epoch. */
export interface EpochRecord {
  /** Epoch, from 0. */
  epoch: number;
  /** Mean training loss, on the samples that were trained on (adversarial ones when there is an attack). */
  loss: number;
  /** Fraction in [0, 1] of those samples that was predicted correctly, in training mode, before each step. */
  accuracy: number;
  /** Learning rate of the epoch's last step. */
  learningRate: number;
  /** Mean cross-entropy of the validation samples, when there are any. */
  validationLoss?: number;
  /** Fraction in [0, 1] of the validation samples that is predicted correctly. */
  validationAccuracy?: number;
  /** The same under the validation's attack, when there is one. */
  validationRobustAccuracy?: number;
}

/** How far a training is: everything in a checkpoint but the tensors. */
export interface TrainingPosition {
  /** Epoch, from 0; equal to the number of epochs when the training is done. */
  epoch: number;
  /** Batches of this epoch that are done. */
  batch: number;
  /** Sums of this epoch so far. */
  sums: RunningSums;
  /** The finished epochs. */
  history: EpochRecord[];
}
