import { formatValue, inputNamesOf, outputNamesOf } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TrainOptionError } from '../errors.js';
import { checkOption } from '../options.js';
import { checkModel } from './checkModel.js';

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
  /** Output names in the model's order; the fused prediction is called `logits`. '' for an output that isn't passed on. */
  outputs: string[];
  /** Position of the fused prediction. */
  logits: number;
  /** Names of the auxiliary heads, `<modality>Logits`. */
  auxiliary: string[];
  /** Number of classes. */
  classes: number;
}

/** How the caller names a model's inputs and outputs; by default after the model's own names. */
export interface PortOptions {
  /** Modality names of the inputs, in the model's order. */
  inputs?: readonly string[];
  /** Index or name of the output with the logits. */
  output?: number | string;
  /** Index or name of the output with the auxiliary logits of each modality. */
  auxiliary?: { readonly [modality: string]: number | string };
}

/**
 * Finds the fused prediction: the output called `logits`, or the only one.
 * @throws {TrainOptionError} when there is no such output, or it is not [batch, classes]
 */
export function portsOf(model: LayersModel): ModelPorts {
  const ports = namePorts(model, {});
  return { ...ports, classes: checkClasses(model.outputs[ports.logits]!.shape) };
}

/**
 * Names the inputs and outputs, without looking at the shapes of outputs: `classes` is 0.
 * @throws {TrainOptionError} when the options don't fit the model
 */
export function namePorts(model: LayersModel, options: PortOptions): ModelPorts {
  checkModel(model);
  const own = inputNamesOf(model);
  const inputs = [...(options.inputs ?? own)];
  checkOption(
    'AdversarialTrainer.inputs',
    options.inputs,
    inputs.length === own.length && new Set(inputs).size === inputs.length,
    `a different name for each of the model's ${own.length} inputs, ${formatValue(own)}`,
  );
  const names = outputNamesOf(model);
  const logits = logitsPosition(names, options.output);
  const heads = headPositions(names, logits, inputs, options.auxiliary);
  const renamed = new Map([[logits, 'logits'], ...heads]);
  const chosen = new Set(renamed.values());
  const outputs = names.map((name, i) => {
    const given = renamed.get(i);
    if (given !== undefined) return given;
    // The name is another output's now, or the caller has said that other outputs are the heads.
    return chosen.has(name) || (options.auxiliary && isHead(name)) ? '' : name;
  });
  return {
    inputs,
    shapes: model.inputs.map((input) => input.shape.slice(1)),
    outputs,
    logits,
    auxiliary: auxiliaryNames(outputs),
    classes: 0,
  };
}

function logitsPosition(names: readonly string[], output: number | string | undefined): number {
  if (output !== undefined) return positionOf('AdversarialTrainer.output', names, output);
  const position = names.indexOf('logits');
  if (position >= 0) return position;
  if (names.length === 1) return 0;
  throw new TrainOptionError(
    `model: got the outputs [${names.join(', ')}]; expected one named 'logits', the fused prediction. Say which one it is ` +
      "with the trainer's option 'output', or name the output layer with { name: 'logits' }.",
  );
}

function headPositions(
  names: readonly string[],
  logits: number,
  inputs: readonly string[],
  auxiliary: PortOptions['auxiliary'] = {},
): [number, string][] {
  const path = 'AdversarialTrainer.auxiliary';
  const isObject = typeof auxiliary === 'object' && auxiliary !== null && !Array.isArray(auxiliary);
  checkOption(path, auxiliary, isObject, 'an object of output names by modality, { rgb: "rgb_head" }');
  const seen = new Map([[logits, 'the logits']]);
  return Object.entries(auxiliary).map(([modality, output]) => {
    const expected = `the modalities ${formatValue([...inputs])}, the model's inputs`;
    checkOption(path, modality, inputs.includes(modality), expected);
    const position = positionOf(`${path}.${modality}`, names, output);
    const before = seen.get(position);
    const other = `another output than ${before}, one of ${formatValue([...names])}`;
    checkOption(`${path}.${modality}`, output, before === undefined, other);
    seen.set(position, `that of '${modality}'`);
    return [position, `${modality}Logits`];
  });
}

function positionOf(path: string, names: readonly string[], output: number | string): number {
  const position = typeof output === 'number' ? output : names.indexOf(output);
  const expected = `an index from 0 to ${names.length - 1} or one of the model's outputs, ${formatValue([...names])}`;
  checkOption(path, output, names[position] !== undefined, expected);
  return position;
}

/**
 * The number of classes of logits.
 * @throws {TrainOptionError} when they are not [batch, classes]
 */
export function checkClasses(shape: readonly (number | null)[]): number {
  const classes = shape[1];
  if (shape.length === 2 && classes != null) return classes;
  const text = shape.map((size) => size ?? 'null').join(', ');
  throw new TrainOptionError(`model: got logits of shape [${text}]; expected [batch, classes].`);
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
  const named = ports.outputs.map((name, i) => [name, list[i]!] as const);
  return Object.fromEntries(named.filter(([name]) => name !== ''));
}

const isHead = (name: string) => name.endsWith('Logits');

/** The outputs that are auxiliary heads: `<modality>Logits`. */
export const auxiliaryNames = (outputNames: readonly string[]): string[] => outputNames.filter(isHead);
