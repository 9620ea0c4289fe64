import { type Dataset, progressClock } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import type { TrainingPosition } from '../checkpoint/checkpoint.js';
import { DivergenceError } from '../errors.js';
import type { EpochRecord, TrainingCallbacks, TrainingProgress } from './trainingRecord.js';
import type { Validation } from './validation.js';

/** What a call of fit works on. */
export interface TrainingPlan {
  /** The samples. */
  trainSet: Dataset;
  /** Passes over them. */
  epochs: number;
  /** Samples in a batch. */
  batchSize: number;
  /** Batches of an epoch. */
  batches: number;
  /** What is looked at after each epoch. */
  validation: Validation | undefined;
  /** Who is told. */
  callbacks: TrainingCallbacks;
  /** Who stops it. */
  signal: AbortSignal | undefined;
}

/** [loss, correct] of a step, still on the device. */
interface UnreadFigures {
  figures: tf.Tensor1D;
  samples: number;
  epoch: number;
  batch: number;
}

/** One call of fit under way: its plan, its position, and the newest step's figures, which are read a step late. */
export class TrainingRun implements TrainingPlan {
  readonly trainSet: Dataset;
  readonly epochs: number;
  readonly batchSize: number;
  readonly batches: number;
  readonly validation: Validation | undefined;
  readonly callbacks: TrainingCallbacks;
  readonly signal: AbortSignal | undefined;
  /** Where the training stands. */
  position: TrainingPosition = { epoch: 0, batch: 0, sums: { loss: 0, correct: 0, seen: 0 }, history: [] };
  #progress = progressClock();
  #savedAt = performance.now();
  #unread: UnreadFigures | undefined;

  constructor(plan: TrainingPlan) {
    this.trainSet = plan.trainSet;
    this.epochs = plan.epochs;
    this.batchSize = plan.batchSize;
    this.batches = plan.batches;
    this.validation = plan.validation;
    this.callbacks = plan.callbacks;
    this.signal = plan.signal;
  }

  /** Batches done since the training began. */
  get done(): number {
    return this.position.epoch * this.batches + this.position.batch;
  }

  /** Batches of the whole training. */
  get total(): number {
    return this.epochs * this.batches;
  }

  /** Whether the signal has asked to stop. */
  get stopRequested(): boolean {
    return this.signal?.aborted ?? false;
  }

  /** Seconds since the last checkpoint, or since the start. */
  get secondsSinceSaved(): number {
    return (performance.now() - this.#savedAt) / 1000;
  }

  /** Starts the clocks, once the position is known. */
  start(): void {
    this.#progress = progressClock(this.done);
    this.noteSaved();
  }

  /** A checkpoint has been written. */
  noteSaved(): void {
    this.#savedAt = performance.now();
  }

  /** Takes over a step's [loss, correct] and reads those of the step before, so that the device need not wait. */
  async noteFigures(figures: tf.Tensor1D, samples: number): Promise<void> {
    const { epoch, batch } = this.position;
    const previous = this.#unread;
    this.#unread = { figures, samples, epoch, batch };
    if (previous) await this.#read(previous);
    // The first figures are waited for: a display has something to show, and a loss that starts as NaN stops here.
    else if (this.position.sums.seen === 0) await this.readFigures();
  }

  /** Reads what has not been read yet. @throws {DivergenceError} when the loss is not finite */
  async readFigures(): Promise<void> {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread) await this.#read(unread);
  }

  async #read({ figures, samples, epoch, batch }: UnreadFigures): Promise<void> {
    const [loss, correct] = await figures.data().finally(() => figures.dispose());
    if (!Number.isFinite(loss)) {
      throw new DivergenceError(
        `the loss is ${loss} in batch ${batch} of epoch ${epoch}; try a smaller learning rate or a gradientClip. ` +
          'The last checkpoint is from before it.',
      );
    }
    const { sums } = this.position;
    sums.loss += loss! * samples;
    sums.correct += correct!;
    sums.seen += samples;
  }

  /** Where the training stands; `closed`: the epoch that has just ended, whose figures are then given. */
  progress(learningRate: number, closed?: EpochRecord): TrainingProgress {
    const { sums, epoch, batch } = this.position;
    return {
      ...this.#progress(this.done, this.total),
      epoch: closed?.epoch ?? epoch,
      epochs: this.epochs,
      batch: closed ? this.batches : batch,
      batches: this.batches,
      loss: closed?.loss ?? sums.loss / sums.seen,
      accuracy: closed?.accuracy ?? sums.correct / sums.seen,
      learningRate,
    };
  }

  /** Drops figures that nobody reads any more. */
  dispose(): void {
    this.#unread?.figures.dispose();
    this.#unread = undefined;
  }
}
