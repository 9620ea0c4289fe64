import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, model as modelOf, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { AttackInputError } from '../../errors.js';
import { checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
import { checkBuilt, checkIsModel, outputNamesOf } from '../modelNames.js';
import { isLayersModel } from './isLayersModel.js';
import { type Ending, endingOf } from './modelEnding.js';
import { countTogether, type Layer, retain } from './sharedLayer.js';

/** Options of {@link logitsOf}. */
export interface LogitsOfOptions {
  /** The output with the predictions: its index or its name. Default 0, the first. */
  output?: number | string;
  /**
   * Whether several sigmoid units are meant as several yes/no answers: then the logits are the values in front of the
   * sigmoids, `[batch, answers]`, and a single unit isn't turned into two classes. Attacks then need a loss and a criterion
   * that are the caller's functions. It is also the way for classes that exclude each other and were trained with a sigmoid
   * each: the largest logit is the prediction. Default false: several sigmoid units are an error.
   */
  multiLabel?: boolean;
}

/**
 * The logits of a model, whatever it ends in. A softmax or sigmoid at the end is removed: as the activation of the last layer,
 * as a separate layer, in a nested model, and with reshaping or dropout behind it. One sigmoid unit with the value z in
 * front of it becomes the two logits [0, z], of the classes 0 and 1. Outputs that end otherwise are returned as they are;
 * log-softmax is one of them, as log-probabilities are logits.
 *
 * The new model has the inputs of the given one and one output. It shares its layers and weights, copies none, and leaves
 * the given model as it is: training one trains both. Either can be disposed of; disposing of the second one frees the
 * shared weights. It isn't compiled. An average of several softmaxes has no logits, and is returned as it is: attack its
 * logarithm, `(inputs) => tf.log(classifier(inputs))`.
 * @param model a LayersModel or Sequential, built or loaded. For a GraphModel use {@link classifierOf}
 * @returns the model of the logits, and in words what was removed: type and name of the layer, '' for nothing
 * @throws {AttackInputError} when it is not a LayersModel, is not built, or has several sigmoid units without `multiLabel`
 * @throws {AttackOptionsError} when there is no such output or an option is unknown
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { layers, sequential } from '@tensorflow/tfjs-layers';
 * import { logitsOf } from '@amr/attacks';
 * const theirs = sequential();
 * theirs.add(layers.dense({ units: 3, activation: 'softmax', inputShape: [4], name: 'predictions' }));
 * const { model, removed } = logitsOf(theirs);
 * console.log(removed); // softmax, the activation of Dense 'predictions'
 * const x = tf.randomNormal([2, 4]);
 * console.log(tf.softmax(model.predict(x) as tf.Tensor).arraySync()); // what `theirs` predicts
 * ```
 */
export function logitsOf(
  model: LayersModel,
  options: LogitsOfOptions = {},
): {
  /** The model of the logits. */
  model: LayersModel;
  /** What was removed, in words. */
  removed: string;
} {
  rejectUnknownOptions('logitsOf', options, optionKeys<LogitsOfOptions>({ output: true, multiLabel: true }));
  checkIsModel('logitsOf.model', model);
  if (!isLayersModel(model)) {
    const advice = 'classifierOf(graphModel) removes its softmax or sigmoid and returns the logits.';
    throw new AttackInputError(mismatch('logitsOf.model', model, 'a LayersModel or Sequential', advice));
  }
  checkBuilt('logitsOf.model', model);
  const { output = 0, multiLabel = false } = options;
  const position = outputPosition('logitsOf', model, output);
  const ending = endingOf(model.outputs[position]!);
  if (ending) checkEnding('logitsOf', ending, multiLabel);
  const logits = ending?.logits ?? model.outputs[position]!;
  const binary = ending?.kind === 'sigmoid' && !multiLabel;
  const name = model.outputs[position]!.sourceLayer.name;
  const result = modelOf({
    inputs: model.inputs,
    outputs: binary ? twoClasses(logits, `${name}Logits`) : logits,
    name: model.name,
  });
  share(result as unknown as Layer, ending?.copies ?? new Map());
  return { model: result, removed: ending?.removed ?? '' };
}

/**
 * The position of an output among those of a model.
 * @throws {AttackOptionsError} when there is no such output
 */
export function outputPosition(name: string, model: LayersModel, output: number | string): number {
  const names = outputNamesOf(model);
  const position = typeof output === 'number' ? output : names.indexOf(output);
  const expected = `an index from 0 to ${model.outputs.length - 1} or one of ${formatValue(names)}`;
  checkOption(`${name}.output`, output, model.outputs[position] !== undefined, expected);
  return position;
}

/**
 * Refuses endings that are not a choice between classes.
 * @throws {AttackInputError} when there are several sigmoid units, or several softmaxes in one row
 */
export function checkEnding(
  name: string,
  { kind, merged, logits, removed }: Ending,
  multiLabel: boolean,
): void {
  const units = logits.shape.slice(1).reduce<number>((product, size) => product * (size ?? Number.NaN), 1);
  if (multiLabel || (kind === 'sigmoid' ? units === 1 : !merged)) return;
  throw severalAnswers(
    name,
    kind === 'sigmoid' ? `${units} sigmoid units` : 'several softmaxes in one row',
    removed,
  );
}

/** The error of outputs that are several answers instead of one class. */
export function severalAnswers(name: string, found: string, removed: string): AttackInputError {
  return new AttackInputError(
    `${name}.model: got an output of ${found} (${removed}), which are several answers; expected a choice between classes. ` +
      'Set multiLabel to true: then the logits in front of them are attacked, by a loss and a criterion that you give as functions. ' +
      'It is also the way for classes that exclude each other: the largest logit is the prediction.',
  );
}

/** The logits [0, z] of a value z, which is `[batch, 1]` or of another shape with one value in each row. */
function twoClasses(z: SymbolicTensor, name: string): SymbolicTensor {
  const flat = z.shape.length === 2 ? z : (layers.flatten().apply(z) as SymbolicTensor);
  const both = layers.dense({ units: 2, useBias: false, kernelInitializer: 'zeros', trainable: false, name });
  const logits = both.apply(flat) as SymbolicTensor;
  tf.tidy(() => both.setWeights([tf.tensor2d([[0, 1]])]));
  return logits;
}

/** Counts the uses of the layers that a new model shares with another, so that its weights live as long as one of them does. */
function share(model: Layer, copies: ReadonlyMap<Layer, Layer>): void {
  for (const layer of (model as unknown as LayersModel).layers as unknown as Layer[]) {
    const original = copies.get(layer);
    if (original && isLayersModel(layer)) share(layer as unknown as Layer, copies);
    else if (original) countTogether(original, layer);
    // A model releases a nested one twice when it is disposed of, as a layer and as a model.
    else retain(layer, isLayersModel(layer) ? 2 : 1);
  }
}
