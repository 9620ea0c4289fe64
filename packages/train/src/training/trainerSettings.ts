import type { Attack } from '@amr/attacks';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { CheckpointStore } from '../checkpoint/checkpointStore.js';
import { assertStateIsKnown, learningRateOf } from '../checkpoint/optimizerState.js';
import { TrainOptionError } from '../errors.js';
import { type TrainablePorts, trainablePorts } from '../model/trainablePorts.js';
import {
  checkBoolean,
  checkCount,
  checkFraction,
  checkNotNegative,
  checkOneOf,
  checkOption,
  optionKeys,
  rejectUnknownOptions,
} from '../options.js';
import { type ChooseAttack, checkModalities, chooserOf } from './attackChoice.js';
import { type Objective, objectiveOf } from './objective.js';
import type { Schedule } from './schedule.js';
import type { AdversarialTrainerOptions } from './trainerOptions.js';
import type { WeightDecay } from './trainingStep.js';

/** A trainer's options, checked, with their defaults filled in. */
export interface TrainerSettings {
  model: LayersModel;
  ports: TrainablePorts;
  objective: Objective;
  optimizer: tf.Optimizer;
  /** The learning rate that the optimizer had. */
  baseRate: number;
  /** Chooses the attack of a batch. */
  choose: (ChooseAttack & { attacks?: readonly Attack[] }) | undefined;
  attackMode: 'eval' | 'train';
  cleanShare: number;
  checkpoint: CheckpointStore | undefined;
  checkpointInterval: number;
  log: (line: string) => void;
  schedule: Schedule | undefined;
  weightDecay: WeightDecay | undefined;
  gradientClip: number | undefined;
  batchSize: number;
  dropLast: boolean;
  allowProbabilities: boolean;
  seed: number;
}

/** @throws {TrainOptionError} when an option is unknown or not valid, or doesn't fit the model */
export function trainerSettings(options: AdversarialTrainerOptions): TrainerSettings {
  checkOptions(options);
  const { model, optimizer, attack, weightDecay } = options;
  const { inputs, output, auxiliary } = options;
  const ports = trainablePorts(model, {
    ...(inputs !== undefined && { inputs }),
    ...(output !== undefined && { output }),
    ...(auxiliary !== undefined && { auxiliary }),
  });
  const objective = objectiveOf(options.objective, ports);
  const baseRate = learningRateOf(optimizer);
  if (options.checkpoint) assertStateIsKnown(optimizer);
  if (model.trainableWeights.length === 0) {
    throw new TrainOptionError(
      'model: got a model without trainable weights; expected one or more. Set trainable to true on some layers.',
    );
  }
  const choose = attack && chooserOf(attack);
  for (const each of choose?.attacks ?? []) checkModalities('AdversarialTrainer.attack', each, ports);
  return {
    model,
    ports,
    objective,
    optimizer,
    baseRate,
    choose,
    attackMode: options.attackMode ?? 'eval',
    cleanShare: options.cleanShare ?? 0,
    checkpoint: options.checkpoint,
    checkpointInterval: options.checkpointInterval ?? 300,
    log: (line) => options.log?.(line),
    schedule: options.schedule,
    weightDecay: typeof weightDecay === 'number' ? { rate: weightDecay } : weightDecay,
    gradientClip: options.gradientClip,
    batchSize: options.batchSize,
    dropLast: options.dropLast ?? false,
    allowProbabilities: options.allowProbabilities ?? false,
    seed: options.seed,
  };
}

function checkOptions(options: AdversarialTrainerOptions): void {
  const known = optionKeys<AdversarialTrainerOptions>({
    model: true,
    objective: true,
    inputs: true,
    output: true,
    auxiliary: true,
    allowProbabilities: true,
    optimizer: true,
    attack: true,
    attackMode: true,
    cleanShare: true,
    checkpoint: true,
    checkpointInterval: true,
    log: true,
    schedule: true,
    weightDecay: true,
    gradientClip: true,
    batchSize: true,
    dropLast: true,
    seed: true,
  });
  const path = 'AdversarialTrainer';
  rejectUnknownOptions(path, options, known);
  const { seed, attackMode = 'eval', gradientClip = Infinity, weightDecay = 0 } = options;
  const { cleanShare = 0, checkpointInterval = 0 } = options;
  checkCount(`${path}.batchSize`, options.batchSize);
  checkOption(`${path}.seed`, seed, Number.isSafeInteger(seed), 'a whole number');
  checkBoolean(`${path}.allowProbabilities`, options.allowProbabilities ?? false);
  checkOneOf(`${path}.attackMode`, attackMode, ['eval', 'train']);
  checkFraction(`${path}.cleanShare`, cleanShare);
  checkOption(`${path}.gradientClip`, gradientClip, gradientClip > 0, 'a norm above 0');
  // Infinity is valid: no checkpoint but those after an epoch and when stopped.
  const seconds = 'seconds, 0 or more';
  checkOption(`${path}.checkpointInterval`, checkpointInterval, checkpointInterval >= 0, seconds);
  if (typeof weightDecay === 'number') {
    checkNotNegative(`${path}.weightDecay`, weightDecay);
  } else {
    const keys = ['rate', 'applies'] satisfies (keyof WeightDecay)[];
    rejectUnknownOptions(`${path}.weightDecay`, weightDecay, keys);
    checkNotNegative(`${path}.weightDecay.rate`, weightDecay.rate);
  }
}
