import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';
import { AttackInputError, AttackOptionsError, shown } from './errors.js';
import { dividedBy, isPlain, type LayerGraph, layerGraphOf, runCalls, type Values } from './layerGraph.js';

/** Options of {@link classifierOf}. */
export interface ClassifierOfOptions {
  /** Modality names of the model's inputs, in the model's order. Default: its `inputNames`. */
  inputs?: string[];
  /** Which output holds the logits: its position or its name. Default 0, the first. */
  output?: number | string;
  /**
   * Whether layers run as in training: dropout drops, batch normalisation uses, and updates from, the batch. Default
   * false. With true there is no `frozen`, rows depend on one another, and each step moves the running averages.
   */
  training?: boolean;
}

/**
 * A LayersModel as a {@link Classifier}. Only what the chosen output depends on is computed, so auxiliary heads cost
 * nothing. The model stays the caller's: change its weights and the classifier follows.
 *
 * `frozen` is there when the model's graph allows: what depends only on the frozen modalities is computed once, also
 * inside nested models. Not for models with masks (Masking layers, Embedding with maskZero) or stateful layers, nor
 * with `training`. A frozen classifier sees weights as they were in the branches it has computed.
 * @param model takes the modalities, gives logits in one of its outputs
 * @throws {AttackOptionsError} when the names don't match the model's inputs or there is no such output
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { classifierOf } from '@amr/attacks';
 * const audio = input({ shape: [4], name: 'audio' });
 * const video = input({ shape: [3], name: 'video' });
 * const joined = layers.concatenate().apply([audio, video]) as SymbolicTensor;
 * const logits = layers.dense({ units: 2 }).apply(joined) as SymbolicTensor;
 * const classifier = classifierOf(model({ inputs: [audio, video], outputs: logits }));
 * console.log(classifier({ audio: tf.zeros([5, 4]), video: tf.zeros([5, 3]) }).shape); // [5, 2]
 * ```
 */
export function classifierOf(model: LayersModel, options: ClassifierOfOptions = {}): Classifier {
  const { inputs: names = model.inputNames, output = 0, training = false } = options;
  if (names.length !== model.inputs.length || new Set(names).size !== names.length) {
    throw new AttackOptionsError(
      `inputs is ${shown(names)}; expected one name of its own for each of the model's ${model.inputs.length} inputs, ${shown(model.inputNames)}.`,
    );
  }
  const position = typeof output === 'number' ? output : model.outputNames.indexOf(output);
  if (!model.outputs[position]) {
    throw new AttackOptionsError(
      `output is ${shown(output)}; expected a position from 0 to ${model.outputs.length - 1} or one of ${shown(model.outputNames)}.`,
    );
  }

  const given = (inputs: Modalities) => names.map((name) => inputOf(inputs, name, names));
  const graph = layerGraphOf(model, position);
  if (training || !isPlain(graph)) {
    return (inputs) =>
      tf.tidy(() => [model.apply(given(inputs), { training })].flat()[position] as tf.Tensor2D);
  }
  const classifier: Classifier = (inputs) =>
    tf.tidy(() => {
      const values: Values = new Map(given(inputs).map((x, i) => [graph.inputs[i]!, x]));
      runCalls(graph.calls, values, false);
      return values.get(graph.output) as tf.Tensor2D;
    });
  classifier.frozen = (inputs, modalities) => frozen(graph, names, inputs, modalities);
  return classifier;
}

function frozen(
  graph: LayerGraph,
  names: string[],
  inputs: Modalities,
  modalities: string[],
): FrozenClassifier {
  const fixed = graph.inputs.filter((_, i) => modalities.includes(names[i]!));
  const changing = graph.inputs.filter((input) => !fixed.includes(input));
  const { once, always } = dividedBy(graph.calls, changing);
  const needed = new Set([graph.output, ...always.flatMap((call) => call.inputs)]);

  const held: Values = new Map();
  tf.tidy(() => {
    const values: Values = new Map(fixed.map((input) => [input, inputOf(inputs, names[input]!, names)]));
    runCalls(once, values, false);
    for (const [number, tensor] of values)
      if (needed.has(number)) held.set(number, tf.keep(tf.clone(tensor)));
  });

  let disposed = false;
  const classifier: Classifier = (changed) => {
    if (disposed) throw new AttackInputError('This frozen classifier has been disposed; make another.');
    return tf.tidy(() => {
      const values: Values = new Map(held);
      for (const input of changing) values.set(input, inputOf(changed, names[input]!, names));
      runCalls(always, values, false);
      const logits = values.get(graph.output) as tf.Tensor2D;
      return held.has(graph.output) ? tf.clone(logits) : logits;
    });
  };
  return Object.assign(classifier, {
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const tensor of new Set(held.values())) tensor.dispose();
    },
  });
}

function inputOf(inputs: Modalities, name: string, names: readonly string[]): tf.Tensor {
  const x = inputs[name];
  if (!x) {
    throw new AttackInputError(
      `The model needs the modalities ${shown([...names])}; got ${shown(Object.keys(inputs))}. Name the model's inputs with the option 'inputs'.`,
    );
  }
  return x;
}
