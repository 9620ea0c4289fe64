import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { runModel } from '../model/modelOutputs.js';
import type { TrainablePorts } from '../model/trainablePorts.js';
import type { Objective } from './objective.js';

/** Decoupled weight decay. */
export interface WeightDecay {
  /** Each step multiplies the weights by 1 - learning rate * rate (Loshchilov and Hutter, 2019). >= 0. */
  rate: number;
  /** Which weights to decay. Default: those of rank 2 and above, so no biases and no normalisation parameters. */
  applies?: (weight: { name: string; shape: number[] }) => boolean;
}

/** Everything that a step needs except its samples. */
export interface StepSettings {
  /** The model that is trained. */
  model: LayersModel;
  /** Its inputs and outputs. */
  ports: TrainablePorts;
  /** Its trainable variables, with their stable names. */
  variables: readonly { name: string; variable: tf.Variable }[];
  /** The loss. */
  objective: Objective;
  /** The optimizer. */
  optimizer: tf.Optimizer;
  /** Learning rate of this step; it is set in the optimizer already. */
  learningRate: number;
  /** Decay of the weights. */
  weightDecay: WeightDecay | undefined;
  /** Greatest L2 norm of all gradients together; larger ones are scaled down. */
  gradientClip: number | undefined;
}

/** A version of a step's samples, clean or adversarial. */
export interface StepSamples {
  /** Modality name to tensor. */
  inputs: { [modality: string]: tf.Tensor };
  /** Weight of the version's loss, > 0; the weights of all versions add up to 1. */
  weight: number;
  /** Called before the forward pass, to seed its dropout. */
  seed: () => void;
}

/**
 * One optimizer step on the weighted sum of the losses of one or several versions of the same samples. Regularisers of
 * the model's layers are added once.
 * @returns [loss, number of the last version's samples predicted correctly]; the caller reads and disposes of them
 */
export function trainingStep(
  settings: StepSettings,
  versions: readonly StepSamples[],
  labels: tf.Tensor1D,
): tf.Tensor1D {
  const { model, ports, objective, optimizer, variables } = settings;
  return tf.tidy(() => {
    let correct: tf.Tensor | undefined;
    const { value, grads } = tf.variableGrads(
      () => {
        const losses = versions.map(({ inputs, weight, seed }) => {
          seed();
          const outputs = runModel(ports.forward, ports, inputs, true);
          correct?.dispose();
          // Kept, since the tidy of variableGrads would dispose of it.
          correct = tf.keep(countCorrect(outputs['logits'] as tf.Tensor2D, labels));
          return tf.mul(objective(outputs, labels), weight);
        });
        return tf.addN([...losses, ...model.calculateLosses()]) as tf.Scalar;
      },
      variables.map(({ variable }) => variable),
    );
    applyGradients(settings, clipGradients(grads, settings.gradientClip), optimizer);
    const metrics = tf.stack([value, correct!]) as tf.Tensor1D;
    correct!.dispose();
    return metrics;
  });
}

function applyGradients(settings: StepSettings, grads: tf.NamedTensorMap, optimizer: tf.Optimizer): void {
  const { variables, learningRate, weightDecay } = settings;
  if (weightDecay && weightDecay.rate > 0) {
    const applies = weightDecay.applies ?? (({ shape }: { shape: number[] }) => shape.length >= 2);
    for (const { name, variable } of variables) {
      if (grads[variable.name] && applies({ name, shape: variable.shape })) {
        variable.assign(tf.mul(variable, 1 - learningRate * weightDecay.rate));
      }
    }
  }
  // A list in a fixed order, as optimizers number their state by position. They skip missing gradients.
  optimizer.applyGradients(variables.map(({ variable: { name } }) => ({ name, tensor: grads[name]! })));
}

function clipGradients(grads: tf.NamedTensorMap, limit: number | undefined): tf.NamedTensorMap {
  if (limit === undefined) return grads;
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((grad) => tf.sum(tf.square(grad)))));
  const scale = tf.minimum(1, tf.div(limit, tf.maximum(norm, 1e-12)));
  return Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, tf.mul(grad, scale)]));
}

/** Number of rows whose greatest logit is their label's, as float32. */
function countCorrect(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')));
}
