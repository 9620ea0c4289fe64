import { type Classifier, classifierOf } from '@amr/attacks';
import { type Batch, type Dataset, mixSeed } from '@amr/internal';
import { registerMissingGradients } from '@amr/internal/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { trainableWeights } from '../checkpoint/modelWeights.js';
import { learningRateOf, setLearningRate } from '../checkpoint/optimizerState.js';
import type { EpochRecord } from '../checkpoint/trainingPosition.js';
import { TrainDataError, TrainOptionError } from '../errors.js';
import { checkBatch, disposeBatch } from '../model/checkBatch.js';
import { checkOutputs } from '../model/checkOutputs.js';
import { attackBatch } from './attackBatch.js';
import { type RandomLayers, randomLayersOf } from './layerSeeds.js';
import { RANDOM_PURPOSE } from './randomPurpose.js';
import { resumeRun, saveRun } from './runCheckpoint.js';
import { learningRateAt } from './schedule.js';
import type { AdversarialTrainerOptions, FitOptions, FitResult } from './trainerOptions.js';
import { type TrainerSettings, trainerSettings } from './trainerSettings.js';
import { planRun, type TrainingRun } from './trainingRun.js';
import { type StepSamples, trainingStep } from './trainingStep.js';
import { validate } from './validation.js';

/**
 * Adversarial training (Madry et al. 2018, eq. 2.1: the minimum over the weights of the expected greatest loss in the
 * ball) of a model with one or several inputs. For each batch, the attack maximises the loss within the budgets, then
 * the model takes one optimizer step on the adversarial examples.
 *
 * Two calls with equal settings give equal weights, bit for bit, and so does a call that was interrupted and resumes
 * from its checkpoint: all random numbers of a step come from (seed, epoch, batch), and the checkpoint holds the
 * weights, moving statistics, and the optimizer's whole state. This holds for one backend on one machine, and for
 * models without GaussianNoise, GaussianDropout, AlphaDropout or dropout inside recurrent layers, which can't be seeded
 * in tfjs; the trainer's `log` names them. Dropout layers get a seed from the trainer at each step, also those that
 * were built with a seed.
 *
 * @example
 * ```ts
 * import { pgd } from '@amr/attacks';
 * import { AdversarialTrainer, memoryStore } from '@amr/train';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model as functional } from '@tensorflow/tfjs-layers';
 *
 * const a = input({ shape: [2], name: 'a' });
 * const b = input({ shape: [3], name: 'b' });
 * const joined = layers.concatenate().apply([a, b]) as typeof a;
 * const logits = layers.dense({ units: 2, name: 'logits' }).apply(joined) as typeof a;
 * const model = functional({ inputs: [a, b], outputs: logits });
 *
 * const ids = ['s1', 's2', 's3', 's4'];
 * const samples = {
 *   size: 4,
 *   ids,
 *   classes: ['left', 'right'],
 *   modalities: { a: { shape: [2], unit: 'one' }, b: { shape: [3], unit: 'one' } },
 *   async *batches() {
 *     const a = tf.tensor2d([[0, 1], [0, 2], [1, 0], [2, 0]]);
 *     const b = tf.tensor2d([[1, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, 2]]);
 *     yield { ids, inputs: { a, b }, labels: tf.tensor1d([0, 0, 1, 1], 'int32') };
 *   },
 *   subset: () => samples,
 * };
 *
 * const trainer = new AdversarialTrainer({
 *   model,
 *   objective: 'cross-entropy',
 *   optimizer: tf.train.adam(0.1),
 *   attack: pgd({ a: { norm: 'linf', epsilon: 0.1 }, b: { norm: 'linf', epsilon: 0.1 } }, { steps: 3 }),
 *   checkpoint: memoryStore(),
 *   batchSize: 4,
 *   seed: 1,
 * });
 * const { history } = await trainer.fit(samples, { epochs: 10 });
 * console.log(history.at(-1)?.loss);
 * ```
 */
export class AdversarialTrainer {
  readonly #settings: TrainerSettings;
  #running = false;

  /** @throws {TrainOptionError} when an option is unknown or not valid, or doesn't fit the model */
  constructor(options: AdversarialTrainerOptions) {
    this.#settings = trainerSettings(options);
  }

  /**
   * Trains, from the checkpoint's position when there is one, else from the model as it is.
   * @throws {TrainOptionError} before any work, when the data or options don't fit the model
   * @throws {AttackInputError} when the first batch's outputs are probabilities, without `allowProbabilities`
   * @throws {TrainDataError} when a batch holds labels out of range or values that aren't finite
   * @throws {CheckpointError} before any work, when the checkpoint is damaged or belongs to another run; it is not
   * overwritten
   * @throws {DivergenceError} when the loss is no longer finite
   */
  async fit(trainSet: Dataset, options: FitOptions): Promise<FitResult> {
    if (this.#running) {
      throw new TrainOptionError('fit: this trainer is already training. Wait for the other call to end.');
    }
    const { model, ports, optimizer, baseRate, attackMode, log } = this.#settings;
    const run = planRun(this.#settings, trainSet, options);
    this.#running = true;
    const random = randomLayersOf(model);
    if (random.unseeded.length > 0) {
      log(`Layers whose randomness can't be repeated: ${random.unseeded.join(', ')}.`);
    }
    const asClassifier = { inputs: ports.inputs, output: ports.logits };
    const classifier = classifierOf(model, asClassifier);
    const attacked =
      attackMode === 'train' ? classifierOf(model, { ...asClassifier, training: true }) : classifier;
    registerMissingGradients();
    try {
      await resumeRun(this.#settings, run);
      run.start();
      while (run.position.epoch < run.epochs) {
        const stopped =
          (await this.#trainEpoch(run, attacked, random)) || (await this.#closeEpoch(run, classifier));
        if (stopped) {
          await saveRun(this.#settings, run);
          log(`Stopped after ${run.done} of ${run.total} batches.`);
          return { finished: false, history: [...run.position.history], steps: run.done };
        }
      }
      return { finished: true, history: [...run.position.history], steps: run.done };
    } finally {
      run.dispose();
      random.restore();
      setLearningRate(optimizer, baseRate);
      this.#running = false;
    }
  }

  /** @returns whether the training was stopped */
  async #trainEpoch(run: TrainingRun, classifier: Classifier, random: RandomLayers): Promise<boolean> {
    const { seed, dropLast, checkpoint, checkpointInterval, optimizer } = this.#settings;
    const { position, trainSet, batchSize } = run;
    if (run.stopRequested) return true;
    if (position.batch === run.batches) return false;
    const { epoch, batch: start } = position;
    for await (const batch of trainSet.batches({ batchSize, seed, epoch, start, dropLast })) {
      try {
        await this.#trainBatch(run, batch, classifier, random);
      } finally {
        disposeBatch(batch);
      }
      position.batch++;
      await run.callbacks.onBatch?.(run.progress(learningRateOf(optimizer)));
      if (run.stopRequested) return true;
      if (checkpoint && run.secondsSinceSaved >= checkpointInterval) await saveRun(this.#settings, run);
      if (position.batch === run.batches) break;
    }
    await run.flushMetrics();
    if (position.batch !== run.batches) {
      throw new TrainDataError(
        `trainSet: got ${position.batch} batches in epoch ${epoch}; expected ${run.batches} of ${batchSize}, from ` +
          `${trainSet.size} samples.`,
      );
    }
    return false;
  }

  /** Attacks a batch, then takes an optimizer step on the adversarial examples, the clean ones, or both. */
  async #trainBatch(
    run: TrainingRun,
    batch: Batch,
    classifier: Classifier,
    random: RandomLayers,
  ): Promise<void> {
    const { model, ports, objective, optimizer, seed, cleanShare, weightDecay, gradientClip } =
      this.#settings;
    const { epoch, batch: number } = run.position;
    await checkBatch(batch, run.trainSet, ports.inputs);
    if (!run.outputsChecked && !this.#settings.allowProbabilities) await checkOutputs(ports, batch);
    run.outputsChecked = true;
    const learningRate = learningRateAt(this.#settings, run.done, run.total);
    setLearningRate(optimizer, learningRate);
    const seedDropout = (pass: number) => () =>
      random.seed(seed, RANDOM_PURPOSE.dropout, epoch, number, pass);

    const adversarial = await attackBatch(this.#settings, run, batch, classifier, seedDropout(2));
    const versions: StepSamples[] = [];
    if (!adversarial || cleanShare > 0) {
      versions.push({ inputs: batch.inputs, weight: adversarial ? cleanShare : 1, seed: seedDropout(0) });
    }
    if (adversarial) versions.push({ inputs: adversarial, weight: 1 - cleanShare, seed: seedDropout(1) });

    let metrics: tf.Tensor1D;
    try {
      const variables = trainableWeights(model);
      metrics = trainingStep(
        { model, ports, variables, objective, optimizer, learningRate, weightDecay, gradientClip },
        versions,
        batch.labels,
      );
    } finally {
      if (adversarial) tf.dispose(adversarial);
    }
    await run.recordMetrics(metrics, batch.ids.length);
  }

  /** Validates, writes a checkpoint and reports. @returns whether the training was stopped before the end of the epoch */
  async #closeEpoch(run: TrainingRun, classifier: Classifier): Promise<boolean> {
    const { seed, ports, log } = this.#settings;
    const { position, validation, callbacks } = run;
    // Not the optimizer's current rate: an epoch that was interrupted at its end has had no step in this call.
    const learningRate = learningRateAt(this.#settings, run.done - 1, run.total);
    const { loss, correct, seen } = position.sums;
    const record: EpochRecord = {
      epoch: position.epoch,
      loss: loss / seen,
      accuracy: correct / seen,
      learningRate,
    };
    if (validation) {
      const metrics = await validate(classifier, validation, {
        modalities: ports.inputs,
        batchSize: run.batchSize,
        seed: mixSeed(seed, RANDOM_PURPOSE.attack, position.epoch),
        signal: run.signal,
        allowProbabilities: this.#settings.allowProbabilities,
      });
      if (!metrics) return true;
      Object.assign(record, metrics);
    }
    position.history.push(record);
    position.epoch++;
    position.batch = 0;
    position.sums = { loss: 0, correct: 0, seen: 0 };
    await saveRun(this.#settings, run);
    log(describeRecord(record, run.epochs));
    await callbacks.onEpoch?.(record, run.progress(learningRate, record));
    return false;
  }
}

function describeRecord(record: EpochRecord, epochs: number): string {
  const { epoch, loss, accuracy, validationAccuracy, validationRobustAccuracy } = record;
  const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
  const parts = [
    `Epoch ${epoch + 1} of ${epochs}: loss ${loss.toFixed(4)}, accuracy ${percent(accuracy)}`,
    validationAccuracy !== undefined && `validation ${percent(validationAccuracy)}`,
    validationRobustAccuracy !== undefined && `under attack ${percent(validationRobustAccuracy)}`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}
