import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TrainOptionError } from '../errors.js';
import type { ModelOutputs } from '../training/objective.js';

/** How a model is fed and what its outputs are called. */
export interface ModelPorts {
  /** Input names, which are modality names, in the model's order. */
  inputs: string[];
  /** Shape of one sample of each input; null for a size that is left open. */
  shapes: (number | null)[][];
  /** Output names in the model's order; the fused prediction is called `logits`. */
  outputs: string[];
  /** Position of the fused prediction. */
  logits: number;
  /** Number of classes. */
  classes: number;
}

/**
 * Finds the fused prediction: the output called `logits`, or the only one.
 * @throws {TrainOptionError} when there is no such output, or it is not [batch, classes]
 */
export function portsOf(model: LayersModel): ModelPorts {
  const outputs = [...model.outputNames];
  let logits = outputs.indexOf('logits');
  if (logits < 0 && outputs.length === 1) logits = 0;
  if (logits < 0) {
    throw new TrainOptionError(
      `model: expected an output layer named 'logits' for the fused prediction, got [${outputs.join(', ')}]; ` +
        "name the output layer with { name: 'logits' }",
    );
  }
  outputs[logits] = 'logits';
  const shape = model.outputs[logits]!.shape;
  if (shape.length !== 2 || shape[1] === null) {
    throw new TrainOptionError(`model: expected logits of shape [batch, classes], got [${shape.join(', ')}]`);
  }
  return {
    inputs: [...model.inputNames],
    shapes: model.inputs.map((input) => input.shape.slice(1)),
    outputs,
    logits,
    classes: shape[1]!,
  };
}

/** Runs the model; `training` has the meaning that tfjs gives it (batch statistics, dropout). */
export function runModel(
  model: LayersModel,
  ports: ModelPorts,
  inputs: { [modality: string]: tf.Tensor },
  training: boolean,
): ModelOutputs {
  const fed = ports.inputs.map((name) => inputs[name]!);
  const raw = model.apply(fed, { training }) as tf.Tensor | tf.Tensor[];
  const list = Array.isArray(raw) ? raw : [raw];
  return Object.fromEntries(ports.outputs.map((name, i) => [name, list[i]!]));
}
