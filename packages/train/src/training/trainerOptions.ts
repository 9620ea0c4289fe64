import type { Dataset } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { CheckpointStore } from '../checkpoint/checkpointStore.js';
import type { EpochRecord } from '../checkpoint/trainingPosition.js';
import type { AttackChoice } from './attackChoice.js';
import type { Objective } from './objective.js';
import type { Schedule } from './schedule.js';
import type { TrainingCallbacks } from './trainingProgress.js';
import type { WeightDecay } from './trainingStep.js';
import type { Validation } from './validation.js';

/** Options of {@link AdversarialTrainer}. */
export interface AdversarialTrainerOptions {
  /**
   * A LayersModel or Sequential, built or loaded. Without the next three options its inputs are named after the
   * modalities, its output `logits` ([batch, classes]) is the fused prediction, outputs `<modality>Logits` are auxiliary
   * heads, and the output of a model with one output may have any name. A softmax at the end of these outputs is left
   * out of the training, which needs logits; one sigmoid unit becomes the two logits [0, z]. The model itself keeps it.
   */
  model: LayersModel;
  /** Modality names of the model's inputs, in the model's order. Default: the names that the model gives them. */
  inputs?: string[];
  /** The output with the fused prediction: its index or its name. Default: the one named `logits`, or the only one. */
  output?: number | string;
  /**
   * The outputs with the auxiliary logits, by index or name, for some modalities or all: `{ rgb: 'rgb_head' }`. The objective
   * receives them as `<modality>Logits`. Default: the outputs of such names.
   */
  auxiliary?: { [modality: string]: number | string };
  /** The loss: mean cross-entropy of the logits, the AMR loss (a reconstruction; lambda 1), or a function. */
  objective: 'cross-entropy' | 'amr' | Objective;
  /** One of tfjs's optimizers. The trainer changes its state. */
  optimizer: tf.Optimizer;
  /** Makes the adversarial examples to train on, against the logits. Default: none, training on clean samples. */
  attack?: AttackChoice;
  /**
   * Mode of the model while it is attacked. 'eval': as in use, with moving statistics and without dropout.
   * 'train': with batch statistics and the dropout of the step; the attack leaves the moving statistics unchanged.
   * Default: 'eval'.
   */
  attackMode?: 'eval' | 'train';
  /** Weight, in [0, 1), of the clean samples' loss; the adversarial ones have the rest. Default: 0. */
  cleanShare?: number;
  /** Store of the checkpoint from which an interrupted training resumes. Default: none. */
  checkpoint?: CheckpointStore;
  /** A checkpoint is written after every epoch, when stopped, and when this many seconds have passed. Default: 300. */
  checkpointInterval?: number;
  /** Receives a line when the training resumes, stops or ends an epoch, and for layers that can't be seeded. Default: none. */
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
  /** Whether outputs that look like probabilities are trained and attacked as they are. Default: false, an error. */
  allowProbabilities?: boolean;
  /** Whole number: order of the samples, random starts, choice of attacks, dropout. */
  seed: number;
}

/** Options of {@link AdversarialTrainer.fit}. */
export interface FitOptions {
  /** Passes over the training set, those done before an interruption included. */
  epochs: number;
  /** Samples in a batch. Default: the trainer's. */
  batchSize?: number;
  /** Evaluated after each epoch: a data set, or one with an attack. Default: none. */
  validation?: Dataset | Validation;
  /** Receive progress. */
  callbacks?: TrainingCallbacks;
  /** Stops after the current batch, with a checkpoint. */
  signal?: AbortSignal;
}

/** Result of {@link AdversarialTrainer.fit}. */
export interface FitResult {
  /** False when the training was stopped by its signal. */
  finished: boolean;
  /** The finished epochs, those of earlier calls included. */
  history: EpochRecord[];
  /** Batches done in all. */
  steps: number;
}
