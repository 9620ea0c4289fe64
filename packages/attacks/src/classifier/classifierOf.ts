import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { AttackInputError, AttackOptionsError, shown } from '../errors.js';
import { tidyObject } from '../tensors/tidyObject.js';
import type { Classifier, FrozenClassifier, Modalities, Observation } from './classifier.js';
import {
  callsFor,
  canRunSeparately,
  type FrozenGraph,
  frozenGraphOf,
  type LayerCall,
  runCalls,
  splitCalls,
  type Values,
} from './frozenGraph.js';

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
 *
 * `observe` gives, by name, other outputs of the model and the first outputs of its layers (of layers in nested models
 * as 'model/layer'; of a layer that is used several times, its first use), as losses ask for them. With masks, states
 * or `training` it gives outputs only.
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
  const graph = frozenGraphOf(model);
  const logits = graph.outputs[position]!;
  const path = callsFor(graph.calls, [logits]);
  if (training || !canRunSeparately(path)) {
    const outputsOf = (inputs: Modalities) =>
      [model.apply(given(inputs), { training })].flat() as tf.Tensor[];
    return Object.assign((inputs: Modalities) => tf.tidy(() => outputsOf(inputs)[position] as tf.Tensor2D), {
      observe: (inputs: Modalities, wanted: readonly string[]) => {
        const positions = wanted.map((name) => {
          const found = model.outputNames.indexOf(name);
          if (found >= 0) return found;
          throw new AttackInputError(
            `The loss asks for '${name}'; of a model with masks, states or training true only the outputs ${shown(model.outputNames)} can be had.`,
          );
        });
        return tidyObject(() => {
          const outputs = outputsOf(inputs);
          return observation(outputs[position]!, wanted, (i) => outputs[positions[i]!]!);
        });
      },
    });
  }
  const view: View = { graph, names, logits, numberOf: (name) => valueNamed(model, graph, name) };
  const values = (inputs: Modalities, calls: readonly LayerCall[]) => {
    const all: Values = new Map(given(inputs).map((x, i) => [graph.inputs[i]!, x]));
    runCalls(calls, all, false);
    return all;
  };
  const classifier: Classifier = (inputs) => tf.tidy(() => values(inputs, path).get(logits) as tf.Tensor2D);
  classifier.observe = (inputs, wanted) => {
    const numbers = wanted.map(view.numberOf);
    return tidyObject(() => {
      const all = values(inputs, callsFor(graph.calls, [logits, ...numbers]));
      return observation(all.get(logits)!, wanted, (i) => all.get(numbers[i]!)!);
    });
  };
  classifier.frozen = (inputs, modalities) => frozen(view, inputs, modalities);
  return classifier;
}

/** A model as the classifiers made of it see it. */
interface View {
  graph: FrozenGraph;
  /** Modality names of the model's inputs. */
  names: readonly string[];
  /** Number of the logits. */
  logits: number;
  /** Number of an output or a layer. */
  numberOf(name: string): number;
}

function frozen(view: View, inputs: Modalities, modalities: string[]): FrozenClassifier {
  const { graph, names } = view;
  const fixed = graph.inputs.filter((_, i) => modalities.includes(names[i]!));
  const held: Values = new Map(
    fixed.map((input) => [input, tf.keep(tf.clone(inputOf(inputs, names[input]!, names)))]),
  );
  return holding(view, fixed, held);
}

/** A frozen classifier that owns the values that it begins with, also when it can't be made. */
function holding(view: View, fixed: readonly number[], held: Values): FrozenClassifier {
  const { graph, names, logits } = view;
  const changing = graph.inputs.filter((input) => !fixed.includes(input));
  let disposed = false;
  const dispose = () => {
    if (disposed) return;
    disposed = true;
    for (const tensor of new Set(held.values())) tensor.dispose();
  };

  const refuseDisposed = () => {
    if (disposed) throw new AttackInputError('This frozen classifier has been disposed; make another.');
  };

  /** The calls to be made each time for these values; what else they need is computed and held. */
  const prepared = (numbers: readonly number[]): LayerCall[] => {
    const { once, always } = splitCalls(callsFor(graph.calls, numbers), changing);
    const needed = new Set([...numbers, ...always.flatMap((call) => call.inputs)]);
    tf.tidy(() => {
      const values: Values = new Map(held);
      runCalls(callsFor(once, [...needed], held), values, false);
      for (const [number, tensor] of values) {
        if (needed.has(number) && !held.has(number)) held.set(number, tf.keep(tf.clone(tensor)));
      }
    });
    return always;
  };
  const run = (changed: Modalities, calls: readonly LayerCall[]): Values => {
    refuseDisposed();
    const values: Values = new Map(held);
    for (const input of changing) values.set(input, inputOf(changed, names[input]!, names));
    runCalls(calls, values, false);
    return values;
  };
  const own = (values: Values, number: number) =>
    held.has(number) ? tf.clone(values.get(number)!) : values.get(number)!;

  try {
    const always = prepared([logits]);
    const classifier: Classifier = (changed) =>
      tf.tidy(() => own(run(changed, always), logits) as tf.Tensor2D);
    const observers = new Map<string, LayerCall[]>();
    classifier.observe = (changed, wanted) => {
      refuseDisposed();
      const numbers = wanted.map(view.numberOf);
      const key = numbers.join();
      const calls = observers.get(key) ?? prepared([logits, ...numbers]);
      observers.set(key, calls);
      return tidyObject(() => {
        const values = run(changed, calls);
        return observation(own(values, logits), wanted, (i) => own(values, numbers[i]!));
      });
    };
    const take = (rows: tf.Tensor1D): FrozenClassifier => {
      refuseDisposed();
      const batch = held.get(fixed[0]!)?.shape[0];
      const part = tidyObject(() =>
        [...held].map(([number, tensor]): [number, tf.Tensor] => {
          const own = tensor.shape[0] === batch ? tf.gather(tensor, rows) : tf.clone(tensor);
          return [number, tf.keep(own)];
        }),
      );
      return holding(view, fixed, new Map(part));
    };
    return Object.assign(classifier, { take, dispose });
  } catch (error) {
    dispose();
    throw error;
  }
}

function observation(
  logits: tf.Tensor,
  names: readonly string[],
  value: (i: number) => tf.Tensor,
): Observation {
  return {
    logits: logits as tf.Tensor2D,
    values: Object.fromEntries(names.map((name, i) => [name, value(i)])),
  };
}

function valueNamed(model: LayersModel, graph: FrozenGraph, name: string): number {
  const output = model.outputNames.indexOf(name);
  const number = output >= 0 ? graph.outputs[output] : graph.layers.get(name);
  if (number === undefined) {
    throw new AttackInputError(
      `The loss asks for '${name}'; the model has neither an output nor a layer of that name. Its outputs are ${shown(model.outputNames)}, its layers ${shown([...graph.layers.keys()])}.`,
    );
  }
  if (!canRunSeparately(callsFor(graph.calls, [number]))) {
    throw new AttackInputError(
      `The loss asks for '${name}', which depends on layers with masks or states; such values can't be had beside logits that don't.`,
    );
  }
  return number;
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
