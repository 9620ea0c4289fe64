import type { Progress } from '@amr/internal';

/** Figures of an epoch while it runs; kept in checkpoints, so that an epoch's means are exact after an interruption. */
export interface RunningSums {
  /** Sum of the loss over the samples seen. */
  loss: number;
  /** Samples predicted correctly in their training step. */
  correct: number;
  /** Samples seen. */
  seen: number;
}

/** What a finished epoch came to. */
export interface EpochRecord {
  /** Epoch, from 0. */
  epoch: number;
  /** Mean training loss, on the samples that were trained on (adversarial ones when there is an attack). */
  loss: number;
  /** Share in [0, 1] of those samples that was predicted correctly, in training mode, before each step. */
  accuracy: number;
  /** Learning rate of the epoch's last step. */
  learningRate: number;
  /** Mean cross-entropy of the validation samples, when there are any. */
  validationLoss?: number;
  /** Share in [0, 1] of the validation samples that is predicted correctly. */
  validationAccuracy?: number;
  /** The same under the validation's attack, when there is one. */
  validationRobustAccuracy?: number;
}

/** How far a training is. An item is a batch; those of earlier calls count as done. */
export interface TrainingProgress extends Progress {
  /** Epoch, from 0. */
  epoch: number;
  /** Epochs of the whole training. */
  epochs: number;
  /** Batches of this epoch that are done. */
  batch: number;
  /** Batches of an epoch. */
  batches: number;
  /** Mean loss of this epoch's samples so far; the newest batch may not be in it yet. */
  loss: number;
  /** Share of this epoch's samples predicted correctly so far; the newest batch may not be in it yet. */
  accuracy: number;
  /** Learning rate of this step. */
  learningRate: number;
}

/** Functions that are told how the training goes; it waits for what they return. */
export interface TrainingCallbacks {
  /** After each batch. */
  onBatch?: (progress: TrainingProgress) => void | Promise<void>;
  /** After each epoch, with its figures; the checkpoint is written before. */
  onEpoch?: (record: EpochRecord, progress: TrainingProgress) => void | Promise<void>;
}
