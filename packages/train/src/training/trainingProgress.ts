import type { Progress } from '@amr/internal';
import type { EpochRecord } from '../checkpoint/trainingPosition.js';

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
  /** Mean loss of this epoch's samples so far, possibly without the newest batch. */
  loss: number;
  /** Fraction of this epoch's samples predicted correctly so far, possibly without the newest batch. */
  accuracy: number;
  /** Learning rate of this step. */
  learningRate: number;
}

/** Functions that receive a training's progress. The training waits for them. */
export interface TrainingCallbacks {
  /** Called after each batch. */
  onBatch?: (progress: TrainingProgress) => void | Promise<void>;
  /** Called after each epoch, when its checkpoint is written. */
  onEpoch?: (record: EpochRecord, progress: TrainingProgress) => void | Promise<void>;
}
