import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { AttackInputError } from '../errors.js';
import { checkOption, rejectUnknownOptions } from '../options.js';
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
  /** The output with the logits: its index or its name. Default 0, the first. */
  output?: number | string;
  /**
   * Whether layers run as in training: dropout is active, and batch normalisation uses the batch's statistics and updates
   * the running averages. Default false. With true there is no `frozen`, rows depend on one another, and each step changes
   * the running averages.
   */
  training?: boolean;
}

/**
 * A LayersModel as a {@link Classifier}. It computes only what the chosen output depends on, so auxiliary heads cost
 * nothing. The caller keeps the model: when its weights change, so does the classifier.
 *
 * `frozen` exists when the model's graph allows it: all that depends only on the frozen modalities is computed once, also
 * inside nested models. It doesn't exist for models with masks (Masking layers, Embedding with maskZero) or stateful layers,
 * nor with `training`. A frozen classifier uses the old weights in the branches that it has computed.
 *
 * `observe` returns, by name, other outputs of the model and the first outputs of its layers (for layers in nested models
 * the name is 'model/layer'; a layer that is used several times stands for its first use). With masks, states or
 * `training` it returns only outputs.
 * @param model takes the modalities and returns logits in one of its outputs
 * @throws {AttackOptionsError} when the names don't match the model's inputs, there is no such output or an option is
 *   unknown
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
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
  rejectUnknownOptions('classifierOf', options, [
    'inputs',
    'output',
    'training',
  ] satisfies (keyof ClassifierOfOptions)[]);
  checkOption(
    'classifierOf.inputs',
    names,
    names.length === model.inputs.length && new Set(names).size === names.length,
    `a different name for each of the model's ${model.inputs.length} inputs, ${formatValue(model.inputNames)}`,
  );
  const position = typeof output === 'number' ? output : model.outputNames.indexOf(output);
  const expected = `an index from 0 to ${model.outputs.length - 1} or one of ${formatValue(model.outputNames)}`;
  checkOption('classifierOf.output', output, model.outputs[position] !== undefined, expected);

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
          const observable = `one of the outputs ${formatValue(model.outputNames)}, all that can be observed with masks, states or training`;
          throw new AttackInputError(mismatch('The inner value that the loss needs', name, observable));
        });
        return tidyObject(() => {
          const outputs = outputsOf(inputs);
          return observation(outputs[position]!, wanted, (i) => outputs[positions[i]!]!);
        });
      },
    });
  }
  const view: View = { graph, names, logits, numberOf: (name) => valueNumberOf(model, graph, name) };
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
  classifier.frozen = (inputs, modalities) => freeze(view, inputs, modalities);
  return classifier;
}

/** What a model's classifier and its frozen forms share. */
interface View {
  graph: FrozenGraph;
  /** Modality names of the model's inputs. */
  names: readonly string[];
  /** Number of the logits. */
  logits: number;
  /** Number of an output or a layer. */
  numberOf(name: string): number;
}

function freeze(view: View, inputs: Modalities, modalities: string[]): FrozenClassifier {
  const { graph, names } = view;
  const fixed = graph.inputs.filter((_, i) => modalities.includes(names[i]!));
  const kept: Values = new Map(
    fixed.map((input) => [input, tf.keep(tf.clone(inputOf(inputs, names[input]!, names)))]),
  );
  return frozenClassifier(view, fixed, kept);
}

/** A frozen classifier. It owns the values of `kept`, and frees them when making it fails. */
function frozenClassifier(view: View, fixed: readonly number[], kept: Values): FrozenClassifier {
  const { graph, names, logits } = view;
  const changing = graph.inputs.filter((input) => !fixed.includes(input));
  let disposed = false;
  const dispose = () => {
    if (disposed) return;
    disposed = true;
    for (const tensor of new Set(kept.values())) tensor.dispose();
  };

  const refuseDisposed = () => {
    if (disposed)
      throw new AttackInputError(
        'classifier: got a frozen classifier that has been disposed of; expected another.',
      );
  };

  /** The calls to make each time for these values. Everything else that they need is computed and kept. */
  const prepare = (numbers: readonly number[]): LayerCall[] => {
    const { once, always } = splitCalls(callsFor(graph.calls, numbers), changing);
    const needed = new Set([...numbers, ...always.flatMap((call) => call.inputs)]);
    tf.tidy(() => {
      const values: Values = new Map(kept);
      runCalls(callsFor(once, [...needed], kept), values, false);
      for (const [number, tensor] of values) {
        if (needed.has(number) && !kept.has(number)) kept.set(number, tf.keep(tf.clone(tensor)));
      }
    });
    return always;
  };
  const run = (changed: Modalities, calls: readonly LayerCall[]): Values => {
    refuseDisposed();
    const values: Values = new Map(kept);
    for (const input of changing) values.set(input, inputOf(changed, names[input]!, names));
    runCalls(calls, values, false);
    return values;
  };
  const owned = (values: Values, number: number) =>
    kept.has(number) ? tf.clone(values.get(number)!) : values.get(number)!;

  try {
    const always = prepare([logits]);
    const classifier: Classifier = (changed) =>
      tf.tidy(() => owned(run(changed, always), logits) as tf.Tensor2D);
    const observers = new Map<string, LayerCall[]>();
    classifier.observe = (changed, wanted) => {
      refuseDisposed();
      const numbers = wanted.map(view.numberOf);
      const key = numbers.join();
      const calls = observers.get(key) ?? prepare([logits, ...numbers]);
      observers.set(key, calls);
      return tidyObject(() => {
        const values = run(changed, calls);
        return observation(owned(values, logits), wanted, (i) => owned(values, numbers[i]!));
      });
    };
    const take = (rows: tf.Tensor1D): FrozenClassifier => {
      refuseDisposed();
      const batch = kept.get(fixed[0]!)?.shape[0];
      const part = tidyObject(() =>
        [...kept].map(([number, tensor]): [number, tf.Tensor] => {
          const own = tensor.shape[0] === batch ? tf.gather(tensor, rows) : tf.clone(tensor);
          return [number, tf.keep(own)];
        }),
      );
      return frozenClassifier(view, fixed, new Map(part));
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

function valueNumberOf(model: LayersModel, graph: FrozenGraph, name: string): number {
  const output = model.outputNames.indexOf(name);
  const number = output >= 0 ? graph.outputs[output] : graph.layers.get(name);
  if (number === undefined) {
    const expected = `an output of the model, ${formatValue(model.outputNames)}, or a layer, ${formatValue([...graph.layers.keys()])}`;
    throw new AttackInputError(mismatch('The inner value that the loss needs', name, expected));
  }
  if (!canRunSeparately(callsFor(graph.calls, [number]))) {
    const expected = "a value that doesn't depend on layers with masks or states, since the logits don't";
    throw new AttackInputError(mismatch('The inner value that the loss needs', name, expected));
  }
  return number;
}

function inputOf(inputs: Modalities, name: string, names: readonly string[]): tf.Tensor {
  const x = inputs[name];
  if (!x) {
    const expected = `the modalities ${formatValue([...names])}, which the model needs`;
    const advice = "Name the model's inputs with the option 'inputs'.";
    throw new AttackInputError(mismatch('inputs', Object.keys(inputs), expected, advice));
  }
  return x;
}
