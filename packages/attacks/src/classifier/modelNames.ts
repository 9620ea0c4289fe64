import { formatValue, isPromise, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { AttackInputError } from '../errors.js';
import { checkOption } from '../options.js';
import { isGraphModel } from './graphModel/graphModelLike.js';
import { isLayersModel } from './layersModel/isLayersModel.js';

export { inputNamesOf, outputNamesOf } from '@amr/internal';

/**
 * Refuses what is not a model, with the likeliest reason for it.
 * @param name the argument, for the message
 * @throws {AttackInputError}
 */
export function checkIsModel(name: string, model: unknown): void {
  if (isLayersModel(model) || isGraphModel(model)) return;
  const expected = 'a LayersModel, Sequential or GraphModel';
  if (isPromise(model)) {
    throw new AttackInputError(
      `${name}: got a promise; expected ${expected}. Await it: await loadLayersModel(...).`,
    );
  }
  const advice =
    model === undefined
      ? 'A function that loads a model asynchronously has not finished: await it.'
      : typeof model === 'function'
        ? 'A function from inputs by name to logits is a classifier already: use it as it is.'
        : undefined;
  throw new AttackInputError(mismatch(name, model, expected, advice));
}

/**
 * Refuses a Sequential whose input shape isn't known.
 * @throws {AttackInputError}
 */
export function checkBuilt(name: string, model: LayersModel): void {
  if (model.inputs.length > 0 && model.outputs.length > 0) return;
  throw new AttackInputError(
    `${name}: got a Sequential without layers; expected one that is built. Add its layers first, with the option inputShape in the first of them.`,
  );
}

/**
 * The input of a name.
 * @param names the names that the model needs
 * @throws {AttackInputError} when it is missing
 */
export function inputOf(inputs: tf.NamedTensorMap, name: string, names: readonly string[]): tf.Tensor {
  if (inputs instanceof tf.Tensor) {
    const example = `{ ${names.map((one) => `${one}: x`).join(', ')} }`;
    throw new AttackInputError(
      `inputs: got ${formatValue(inputs)}; expected an object of tensors by modality name, ${example}.`,
    );
  }
  const x = (inputs as tf.NamedTensorMap | undefined)?.[name];
  if (!x) {
    const expected = `the modalities ${formatValue([...names])}, which the model needs`;
    const advice = "Name the model's inputs with the option 'inputs'.";
    throw new AttackInputError(mismatch('inputs', Object.keys(inputs ?? {}), expected, advice));
  }
  return x;
}

/**
 * Refuses modality names that don't fit a model's inputs.
 * @param names the names that the caller gives the inputs
 * @param own the names that the model gives them
 * @throws {AttackOptionsError}
 */
export function checkInputNames(names: readonly string[], own: readonly string[]): void {
  checkOption(
    'classifierOf.inputs',
    names,
    names.length === own.length && new Set(names).size === names.length,
    `a different name for each of the model's ${own.length} inputs, ${formatValue([...own])}`,
  );
}
