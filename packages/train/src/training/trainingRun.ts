import { type Dataset, progressClock } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import type { EpochRecord, TrainingPosition } from '../checkpoint/trainingPosition.js';
import { DivergenceError, TrainOptionError } from '../errors.js';
import { checkDataset } from '../model/checkDataset.js';
import { checkCount, optionKeys, rejectUnknownOptions } from '../options.js';
import { checkModalities } from './attackChoice.js';
import type { FitOptions } from './trainerOptions.js';
import type { TrainerSettings } from './trainerSettings.js';
import type { TrainingCallbacks, TrainingProgress } from './trainingProgress.js';
import type { Validation } from './validation.js';

/** Options of a call of fit, checked, with their defaults filled in. */
interface TrainingPlan {
  /** The samples. */
  trainSet: Dataset;
  /** Passes over them. */
  epochs: number;
  /** Samples in a batch. */
  batchSize: number;
  /** Batches of an epoch. */
  batches: number;
  /** Evaluated after each epoch. */
  validation: Validation | undefined;
  /** Receive progress. */
  callbacks: TrainingCallbacks;
  /** Stops the training. */
  signal: AbortSignal | undefined;
}

/**
 * Checks the options of a call of fit.
 * @throws {TrainOptionError} when an option is unknown or not valid, or the data don't fit the model
 */
export function planRun(settings: TrainerSettings, trainSet: Dataset, options: FitOptions): TrainingRun {
  const known = optionKeys<FitOptions>({
    epochs: true,
    batchSize: true,
    validation: true,
    callbacks: true,
    signal: true,
  });
  rejectUnknownOptions('fit', options, known);
  const { epochs, batchSize = settings.batchSize, callbacks = {}, signal } = options;
  checkCount('fit.epochs', epochs);
  checkCount('fit.batchSize', batchSize);
  rejectUnknownOptions('fit.callbacks', callbacks, [
    'onBatch',
    'onEpoch',
  ] satisfies (keyof TrainingCallbacks)[]);
  checkDataset(trainSet, 'trainSet', settings.ports);
  const validation = validationOf(settings, options.validation);
  const batches = settings.dropLast
    ? Math.floor(trainSet.size / batchSize)
    : Math.ceil(trainSet.size / batchSize);
  if (batches === 0) {
    throw new TrainOptionError(
      `trainSet: got ${trainSet.size} samples, which make no batch of ${batchSize} with dropLast; expected ${batchSize} or ` +
        'more. Use smaller batches.',
    );
  }
  return new TrainingRun({ trainSet, epochs, batchSize, batches, validation, callbacks, signal });
}

function validationOf({ ports }: TrainerSettings, given: FitOptions['validation']): Validation | undefined {
  if (!given) return undefined;
  const validation = 'set' in given ? given : { set: given };
  rejectUnknownOptions('fit.validation', validation, [
    'set',
    'attack',
    'batchSize',
  ] satisfies (keyof Validation)[]);
  checkDataset(validation.set, 'validation', ports);
  if (validation.attack) checkModalities('fit.validation.attack', validation.attack, ports);
  if (validation.batchSize !== undefined) checkCount('fit.validation.batchSize', validation.batchSize);
  return validation;
}

/** [loss, correct] of a step, still on the device. */
interface UnreadMetrics {
  metrics: tf.Tensor1D;
  samples: number;
  epoch: number;
  batch: number;
}

/** A call of fit in progress: its plan, its position, and the newest step's metrics, which are read one step later. */
export class TrainingRun implements TrainingPlan {
  readonly trainSet: Dataset;
  readonly epochs: number;
  readonly batchSize: number;
  readonly batches: number;
  readonly validation: Validation | undefined;
  readonly callbacks: TrainingCallbacks;
  readonly signal: AbortSignal | undefined;
  /** How far the training is. */
  position: TrainingPosition = { epoch: 0, batch: 0, sums: { loss: 0, correct: 0, seen: 0 }, history: [] };
  /** Whether the model's outputs have been seen to be no probabilities. */
  outputsChecked = false;
  #progress = progressClock();
  #savedAt = performance.now();
  #unread: UnreadMetrics | undefined;

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
    this.markSaved();
  }

  /** Restarts the clock of checkpoints: one has been written. */
  markSaved(): void {
    this.#savedAt = performance.now();
  }

  /**
   * Takes a step's [loss, correct], and reads those of the step before, so that the device need not wait.
   * @throws {DivergenceError} when the loss is not finite
   */
  async recordMetrics(metrics: tf.Tensor1D, samples: number): Promise<void> {
    const { epoch, batch } = this.position;
    const previous = this.#unread;
    this.#unread = { metrics, samples, epoch, batch };
    if (previous) await this.#read(previous);
    // The first metrics are read at once: progress has a loss to show, and a loss that starts as NaN stops the training here.
    else if (this.position.sums.seen === 0) await this.flushMetrics();
  }

  /**
   * Reads the metrics that are still on the device.
   * @throws {DivergenceError} when the loss is not finite
   */
  async flushMetrics(): Promise<void> {
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread) await this.#read(unread);
  }

  async #read({ metrics, samples, epoch, batch }: UnreadMetrics): Promise<void> {
    const [loss, correct] = await metrics.data().finally(() => metrics.dispose());
    if (!Number.isFinite(loss)) {
      throw new DivergenceError(
        `loss: got ${loss} in batch ${batch} of epoch ${epoch}; expected a finite number. Try a smaller learning rate or a ` +
          'gradientClip. The last checkpoint is from before that batch.',
      );
    }
    const { sums } = this.position;
    sums.loss += loss! * samples;
    sums.correct += correct!;
    sums.seen += samples;
  }

  /**
   * How far the training is.
   * @param closed the epoch that has just ended, whose metrics are then given
   */
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

  /** Disposes of metrics that were not read. */
  dispose(): void {
    this.#unread?.metrics.dispose();
    this.#unread = undefined;
  }
}
