import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TrainOptionError } from '../errors.js';

/**
 * A model's outputs by name: `logits` is the fused prediction, `<modality>Logits` are the auxiliary heads'
 * ([batch, classes] each); all other outputs have their own names.
 */
export type ModelOutputs = { [name: string]: tf.Tensor };

/** Names and shapes of a model's inputs and outputs. */
export interface ModelPorts {
  /** Input names, which are modality names, in the model's order. */
  inputs: string[];
  /** Shape of one sample of each input; null for an open size. */
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
      `model: got the outputs [${outputs.join(', ')}]; expected one named 'logits', the fused prediction. Name the ` +
        "output layer with { name: 'logits' }.",
    );
  }
  outputs[logits] = 'logits';
  const shape = model.outputs[logits]!.shape;
  if (shape.length !== 2 || shape[1] === null) {
    const text = shape.map((size) => size ?? 'null').join(', ');
    throw new TrainOptionError(`model: got logits of shape [${text}]; expected [batch, classes].`);
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
  const ordered = ports.inputs.map((name) => inputs[name]!);
  const result = model.apply(ordered, { training }) as tf.Tensor | tf.Tensor[];
  const list = Array.isArray(result) ? result : [result];
  return Object.fromEntries(ports.outputs.map((name, i) => [name, list[i]!]));
}

/** The outputs that are auxiliary heads: `<modality>Logits`. */
export const auxiliaryNames = (outputNames: readonly string[]): string[] =>
  outputNames.filter((name) => name.endsWith('Logits'));
