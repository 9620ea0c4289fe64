import {
  type Attack,
  attackedModalities,
  type Classifier,
  classifierOf,
  type Modalities,
} from '@amr/attacks';
import { crc32 } from '@amr/formats';
import type { Batch, Dataset } from '@amr/internal';
import { mixSeed, randomFrom } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  type CheckpointParts,
  decodeCheckpoint,
  encodeCheckpoint,
  type RunConfig,
} from '../checkpoint/checkpoint.js';
import type { CheckpointStore } from '../checkpoint/checkpointStore.js';
import { trainableVariables, weightsOfModel } from '../checkpoint/modelWeights.js';
import {
  assertStateIsKnown,
  learningRateOf,
  optimizerName,
  setLearningRate,
} from '../checkpoint/optimizerState.js';
import { CheckpointError, TrainDataError, TrainOptionError } from '../errors.js';
import { checkBatch, checkDataset, disposeBatch } from '../model/checkBatch.js';
import { type ModelPorts, portsOf } from '../model/modelOutputs.js';
import { type AttackChoice, type ChooseAttack, chooserOf } from './attackChoice.js';
import { type RandomLayers, randomLayersOf } from './layerSeeds.js';
import { amrObjective, auxiliaryNames, crossEntropyObjective, type Objective } from './objective.js';
import type { Schedule } from './schedule.js';
import type { EpochRecord, TrainingCallbacks } from './trainingRecord.js';
import { TrainingRun } from './trainingRun.js';
import { type StepSamples, trainingStep, type WeightDecay } from './trainingStep.js';
import { type Validation, validate } from './validation.js';

/** What an {@link AdversarialTrainer} is made of. */
export interface AdversarialTrainerOptions {
  /**
   * Its inputs are named after the modalities. Its output `logits` ([batch, classes], no softmax) is the fused
   * prediction; outputs `<modality>Logits` are auxiliary heads. A model with one output may call it anything.
   */
  model: LayersModel;
  /** The loss: mean cross-entropy of the logits, the AMR loss (a reconstruction; lambda 1), or a function. */
  objective: 'cross-entropy' | 'amr' | Objective;
  /** One of tfjs's optimizers; its state belongs to the training from now on. */
  optimizer: tf.Optimizer;
  /** Makes the samples that are trained on, against the logits. Absent: training on clean samples. */
  attack?: AttackChoice;
  /**
   * How the model stands while it is attacked. 'eval': as in use, with moving statistics and without dropout.
   * 'train': with batch statistics and the dropout of the step; the attack leaves the moving statistics as they were.
   * Default: 'eval'.
   */
  attackMode?: 'eval' | 'train';
  /** Share, in [0, 1), of the loss that comes from the clean samples. Default: 0. */
  cleanShare?: number;
  /** Where the training is kept, so that it can go on after an interruption. Absent: nowhere. */
  checkpoint?: CheckpointStore;
  /** A checkpoint is written after every epoch, when stopped, and when this many seconds have passed. Default: 300. */
  checkpointInterval?: number;
  /** Told in a line what happens: resumed, epoch done, a layer whose randomness can't be repeated. Default: nobody. */
  log?: (line: string) => void;
  /** Learning rate of each step. Default: the optimizer's. */
  schedule?: Schedule;
  /** Decoupled weight decay: a rate for all weights of rank 2 and above, or a rate and a choice. Default: none. */
  weightDecay?: number | WeightDecay;
  /** Greatest L2 norm of all gradients together. Default: no limit. */
  gradientClip?: number;
  /** Samples in a batch. */
  batchSize: number;
  /** Leaves out a last batch that is smaller than the others. Default: false. */
  dropLast?: boolean;
  /** Whole number: order of the samples, random starts, choice of attacks, dropout. */
  seed: number;
}

/** What {@link AdversarialTrainer.fit} is told. */
export interface FitOptions {
  /** Passes over the training set, those done before an interruption included. */
  epochs: number;
  /** Samples in a batch. Default: the trainer's. */
  batchSize?: number;
  /** Looked at after each epoch: a data set, or one with an attack. */
  validation?: Dataset | Validation;
  /** Told how it goes. */
  callbacks?: TrainingCallbacks;
  /** Stops after the batch at hand, with a checkpoint. */
  signal?: AbortSignal;
}

/** How a training ended. */
export interface FitResult {
  /** False when it was stopped by its signal. */
  finished: boolean;
  /** The finished epochs, those of earlier calls included. */
  history: EpochRecord[];
  /** Batches done in all. */
  steps: number;
}

// Purposes of random draws, so that none shares its seed with another.
const ATTACK = 1;
const CHOICE = 2;
const DROPOUT = 3;

/**
 * Adversarial training (Madry et al. 2018) of a model with one or several inputs: each batch is attacked, then the
 * model takes one optimizer step on what the attack made of it.
 *
 * Two calls with equal settings give equal weights, bit for bit, and so does a call that was interrupted and goes on
 * from its checkpoint: all that is random in a step comes from (seed, epoch, batch), and the checkpoint holds the
 * weights, moving statistics, and the optimizer's whole state. This holds for one backend on one machine, and for
 * models without GaussianNoise, GaussianDropout, AlphaDropout or dropout inside recurrent layers, which tfjs gives no
 * seeds; the trainer's `log` names them. Dropout layers get a seed from the trainer at each step, also those that
 * were built with one of their own.
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
  readonly #options: AdversarialTrainerOptions;
  readonly #ports: ModelPorts;
  readonly #objective: Objective;
  readonly #choose?: ChooseAttack & { attacks?: readonly Attack[] };
  readonly #weightDecay?: WeightDecay;
  readonly #baseRate: number;
  #running = false;

  /** @throws {TrainOptionError} when an option, or the model's inputs and outputs, can't work */
  constructor(options: AdversarialTrainerOptions) {
    this.#options = options;
    checkNumbers(options);
    this.#ports = portsOf(options.model);
    this.#objective = objectiveOf(options.objective, this.#ports);
    this.#baseRate = learningRateOf(options.optimizer);
    if (options.checkpoint) assertStateIsKnown(options.optimizer);
    if (options.model.trainableWeights.length === 0) {
      throw new TrainOptionError('model: it has no trainable weights; set trainable to true on some layers');
    }
    if (options.attack) {
      this.#choose = chooserOf(options.attack);
      for (const attack of this.#choose.attacks ?? []) checkModalities(attack, this.#ports);
    }
    const decay = options.weightDecay;
    if (decay !== undefined) this.#weightDecay = typeof decay === 'number' ? { rate: decay } : decay;
  }

  /**
   * Trains, from the checkpoint's position when there is one, else from the model as it is.
   * @throws {TrainOptionError} before any work, when the data or options don't fit the model
   * @throws {TrainDataError} when a batch holds labels out of range or values that aren't finite
   * @throws {CheckpointError} before any work, when the checkpoint is damaged or belongs to something else; it is not
   * overwritten
   * @throws {DivergenceError} when the loss is no longer finite
   */
  async fit(trainSet: Dataset, options: FitOptions): Promise<FitResult> {
    if (this.#running)
      throw new TrainOptionError('fit: this trainer is already training; wait for it to end');
    const run = this.#plan(trainSet, options);
    this.#running = true;
    const random = randomLayersOf(this.#options.model);
    if (random.unseeded.length > 0) {
      this.#log(`Layers whose randomness can't be repeated: ${random.unseeded.join(', ')}.`);
    }
    const { model, attackMode } = this.#options;
    const inUse = classifierOf(model, { output: this.#ports.logits });
    const attacked =
      attackMode === 'train' ? classifierOf(model, { output: this.#ports.logits, training: true }) : inUse;
    try {
      await this.#resume(run);
      run.start();
      while (run.position.epoch < run.epochs) {
        if ((await this.#trainEpoch(run, attacked, random)) || (await this.#closeEpoch(run, inUse))) {
          await this.#save(run);
          this.#log(`Stopped after ${run.done} of ${run.total} batches.`);
          return { finished: false, history: [...run.position.history], steps: run.done };
        }
      }
      return { finished: true, history: [...run.position.history], steps: run.done };
    } finally {
      run.dispose();
      random.restore();
      setLearningRate(this.#options.optimizer, this.#baseRate);
      this.#running = false;
    }
  }

  #plan(trainSet: Dataset, options: FitOptions): TrainingRun {
    const { epochs, batchSize = this.#options.batchSize, validation, callbacks = {}, signal } = options;
    assertPositiveInteger('epochs', epochs);
    assertPositiveInteger('batchSize', batchSize);
    checkDataset(trainSet, 'training set', this.#ports);
    const checked = validation && ('set' in validation ? validation : { set: validation });
    if (checked) {
      checkDataset(checked.set, 'validation set', this.#ports);
      if (checked.attack) checkModalities(checked.attack, this.#ports);
    }
    const dropLast = this.#options.dropLast ?? false;
    const batches = dropLast ? Math.floor(trainSet.size / batchSize) : Math.ceil(trainSet.size / batchSize);
    if (batches === 0) {
      throw new TrainOptionError(
        `training set: ${trainSet.size} samples make no batch of ${batchSize} when the last one is dropped`,
      );
    }
    return new TrainingRun({ trainSet, epochs, batchSize, batches, validation: checked, callbacks, signal });
  }

  /** @returns whether the training was stopped */
  async #trainEpoch(run: TrainingRun, classifier: Classifier, random: RandomLayers): Promise<boolean> {
    const { seed, dropLast = false, checkpoint, checkpointInterval = 300 } = this.#options;
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
      await run.callbacks.onBatch?.(run.progress(learningRateOf(this.#options.optimizer)));
      if (run.stopRequested) return true;
      if (checkpoint && run.secondsSinceSaved >= checkpointInterval) await this.#save(run);
      if (position.batch === run.batches) break;
    }
    await run.readFigures();
    if (position.batch !== run.batches) {
      throw new TrainDataError(
        `training set: expected ${run.batches} batches of ${batchSize} from ${trainSet.size} samples in epoch ` +
          `${epoch}, got ${position.batch}`,
      );
    }
    return false;
  }

  async #trainBatch(
    run: TrainingRun,
    batch: Batch,
    classifier: Classifier,
    random: RandomLayers,
  ): Promise<void> {
    const { model, optimizer, seed, cleanShare = 0, gradientClip } = this.#options;
    const { epoch, batch: number } = run.position;
    await checkBatch(batch, run.trainSet, this.#ports.inputs);
    const learningRate = this.#rateOf(run, run.done);
    setLearningRate(optimizer, learningRate);
    const seedDropout = (pass: number) => () => random.seed(seed, DROPOUT, epoch, number, pass);
    const adversarial = await this.#attack(run, batch, classifier, seedDropout(2));
    const versions: StepSamples[] = [];
    if (!adversarial || cleanShare > 0) {
      versions.push({ inputs: batch.inputs, share: adversarial ? cleanShare : 1, seed: seedDropout(0) });
    }
    if (adversarial) versions.push({ inputs: adversarial, share: 1 - cleanShare, seed: seedDropout(1) });
    const weights = weightsOfModel(model);
    const variables = trainableVariables(model).map(
      (variable) => weights.find((w) => w.variable === variable)!,
    );
    let figures: tf.Tensor1D;
    try {
      figures = trainingStep(
        {
          model,
          ports: this.#ports,
          variables,
          objective: this.#objective,
          optimizer,
          learningRate,
          ...(this.#weightDecay && { weightDecay: this.#weightDecay }),
          ...(gradientClip !== undefined && { gradientClip }),
        },
        versions,
        batch.labels,
      );
    } finally {
      if (adversarial) tf.dispose(adversarial);
    }
    await run.noteFigures(figures, batch.ids.length);
  }

  #rateOf({ total }: TrainingRun, step: number): number {
    const { schedule } = this.#options;
    const rate = schedule ? schedule(step / total, step, this.#baseRate) : this.#baseRate;
    if (!Number.isFinite(rate)) {
      throw new TrainOptionError(`schedule: expected a number as learning rate of step ${step}, got ${rate}`);
    }
    return rate;
  }

  async #attack(
    run: TrainingRun,
    batch: Batch,
    classifier: Classifier,
    seedDropout: () => void,
  ): Promise<Modalities | undefined> {
    const { seed, model, attackMode } = this.#options;
    const { epoch, batch: number } = run.position;
    const attack = this.#choose?.({
      epoch,
      batch: number,
      step: run.done,
      steps: run.total,
      random: randomFrom(mixSeed(seed, CHOICE, epoch, number)),
    });
    if (!attack) return undefined;
    const inputs = Object.fromEntries(this.#ports.inputs.map((name) => [name, batch.inputs[name]!]));
    const options = { seed: mixSeed(seed, ATTACK, epoch, number) };
    if (attackMode !== 'train') return attack.perturb(classifier, inputs, batch.labels, options);
    const restore = holdStatistics(model);
    try {
      seedDropout();
      return await attack.perturb(classifier, inputs, batch.labels, options);
    } finally {
      restore();
    }
  }

  /** @returns whether the training was stopped, before the epoch was closed */
  async #closeEpoch(run: TrainingRun, classifier: Classifier): Promise<boolean> {
    const { position, validation, callbacks } = run;
    // Not the optimizer's present one: an epoch that was interrupted at its end has had no step in this call.
    const learningRate = this.#rateOf(run, run.done - 1);
    const { loss, correct, seen } = position.sums;
    const record: EpochRecord = {
      epoch: position.epoch,
      loss: loss / seen,
      accuracy: correct / seen,
      learningRate,
    };
    if (validation) {
      const figures = await validate(classifier, validation, {
        modalities: this.#ports.inputs,
        batchSize: run.batchSize,
        seed: mixSeed(this.#options.seed, ATTACK, position.epoch),
        signal: run.signal,
      });
      if (!figures) return true;
      Object.assign(record, figures);
    }
    position.history.push(record);
    position.epoch++;
    position.batch = 0;
    position.sums = { loss: 0, correct: 0, seen: 0 };
    await this.#save(run);
    this.#log(describeRecord(record, run.epochs));
    await callbacks.onEpoch?.(record, run.progress(learningRate, record));
    return false;
  }

  async #resume(run: TrainingRun): Promise<void> {
    const bytes = await this.#options.checkpoint?.read();
    if (!bytes) return;
    const found = decodeCheckpoint(bytes, this.#checkpointParts(run));
    if (
      found.position.epoch > run.epochs ||
      (found.position.epoch === run.epochs && found.position.batch > 0)
    ) {
      throw new CheckpointError(
        'config',
        `the checkpoint has ${found.position.epoch} epochs done, more than the ${run.epochs} asked for. It was left ` +
          'as it is.',
      );
    }
    found.restore();
    run.position = found.position;
    if (run.position.epoch < run.epochs || run.position.batch > 0) {
      this.#log(`Goes on after ${run.done} of ${run.total} batches.`);
    }
  }

  async #save(run: TrainingRun): Promise<void> {
    await run.readFigures();
    const { checkpoint } = this.#options;
    if (!checkpoint) return;
    await checkpoint.write(await encodeCheckpoint(this.#checkpointParts(run), run.position));
    run.noteSaved();
  }

  #checkpointParts(run: TrainingRun): CheckpointParts {
    const { model, optimizer } = this.#options;
    return {
      weights: weightsOfModel(model),
      trainable: trainableVariables(model),
      optimizer,
      config: this.#configOf(run),
    };
  }

  /** What must be the same for a continuation to give the weights of an uninterrupted run. */
  #configOf({ trainSet, epochs, batchSize }: TrainingRun): RunConfig {
    const { optimizer, seed, schedule, gradientClip, attackMode, cleanShare, dropLast } = this.#options;
    const text = (list: readonly string[]) =>
      crc32(new TextEncoder().encode(JSON.stringify(list))).toString(16);
    return {
      objective: this.#objective.label ?? 'custom',
      optimizer: `${optimizerName(optimizer)} ${JSON.stringify({ ...optimizer.getConfig(), learningRate: this.#baseRate })}`,
      schedule: schedule ? (schedule.label ?? 'custom') : 'none',
      // A schedule depends on how long the training is going to be.
      ...(schedule && { epochs }),
      attack: this.#choose ? (this.#choose.label ?? 'custom') : 'none',
      attackMode: attackMode ?? 'eval',
      cleanShare: cleanShare ?? 0,
      weightDecay: this.#weightDecay?.rate ?? 0,
      weightDecayApplies: this.#weightDecay?.applies ? 'custom' : 'default',
      gradientClip: gradientClip ?? 'none',
      batchSize,
      dropLast: dropLast ?? false,
      seed,
      samples: trainSet.size,
      sampleIds: text(trainSet.ids),
      classes: text(trainSet.classes),
    };
  }

  #log(line: string): void {
    this.#options.log?.(line);
  }
}

function objectiveOf(objective: AdversarialTrainerOptions['objective'], ports: ModelPorts): Objective {
  const found =
    objective === 'cross-entropy'
      ? crossEntropyObjective()
      : objective === 'amr'
        ? amrObjective()
        : objective;
  if (typeof found !== 'function') {
    throw new TrainOptionError(`objective: expected 'cross-entropy', 'amr' or a function, got ${found}`);
  }
  if (found.needsAuxiliary && auxiliaryNames(ports.outputs).length === 0) {
    throw new TrainOptionError(
      `objective: the AMR loss needs auxiliary heads, outputs named '<modality>Logits'; the model has ` +
        `[${ports.outputs.join(', ')}]`,
    );
  }
  return found;
}

function checkModalities(attack: Attack, ports: ModelPorts): void {
  const unknown = attackedModalities(attack.threatModel).filter((name) => !ports.inputs.includes(name));
  if (unknown.length > 0) {
    throw new TrainOptionError(
      `attack: '${attack.name}' has a budget for '${unknown.join("', '")}', the model's inputs are ` +
        `[${ports.inputs.join(', ')}]`,
    );
  }
}

function checkNumbers(options: AdversarialTrainerOptions): void {
  const { batchSize, seed, cleanShare = 0, gradientClip, weightDecay = 0, checkpointInterval = 0 } = options;
  assertPositiveInteger('batchSize', batchSize);
  if (!Number.isSafeInteger(seed)) throw new TrainOptionError(`seed: expected a whole number, got ${seed}`);
  if (!(cleanShare >= 0 && cleanShare < 1)) {
    throw new TrainOptionError(`cleanShare: expected a share in [0, 1), got ${cleanShare}`);
  }
  if (gradientClip !== undefined && !(gradientClip > 0)) {
    throw new TrainOptionError(`gradientClip: expected a norm above 0, got ${gradientClip}`);
  }
  const rate = typeof weightDecay === 'number' ? weightDecay : weightDecay.rate;
  if (!(Number.isFinite(rate) && rate >= 0)) {
    throw new TrainOptionError(`weightDecay: expected a rate of 0 or more, got ${rate}`);
  }
  if (!(checkpointInterval >= 0)) {
    throw new TrainOptionError(`checkpointInterval: expected seconds, 0 or more, got ${checkpointInterval}`);
  }
}

function assertPositiveInteger(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value > 0)) {
    throw new TrainOptionError(`${name}: expected a whole number of 1 or more, got ${value}`);
  }
}

/** Remembers the weights that no gradient changes. @returns what puts them back */
function holdStatistics(model: LayersModel): () => void {
  const held = model.nonTrainableWeights.map((weight) => {
    const variable = weight.read() as tf.Variable;
    return { variable, value: tf.keep(tf.clone(variable)) };
  });
  return () => {
    for (const { variable, value } of held) {
      variable.assign(value);
      value.dispose();
    }
  };
}

function describeRecord(record: EpochRecord, epochs: number): string {
  const percent = (share: number | undefined) => (share === undefined ? '' : `${(100 * share).toFixed(1)} %`);
  const parts = [
    `Epoch ${record.epoch + 1} of ${epochs}: loss ${record.loss.toFixed(4)}, accuracy ${percent(record.accuracy)}`,
    record.validationAccuracy !== undefined && `validation ${percent(record.validationAccuracy)}`,
    record.validationRobustAccuracy !== undefined &&
      `under attack ${percent(record.validationRobustAccuracy)}`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}
