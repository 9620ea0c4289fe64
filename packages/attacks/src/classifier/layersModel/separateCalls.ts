import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../../errors.js';
import { tidyObject } from '../../tensors/tidyObject.js';
import type { Classifier, FrozenClassifier, Modalities, Observation } from '../classifier.js';
import { inputOf } from '../modelNames.js';
import {
  callsFor,
  canRunSeparately,
  type FrozenGraph,
  type LayerCall,
  runCalls,
  splitCalls,
  type Values,
} from './frozenGraph.js';

/** A model's graph, which its classifier and the frozen forms of this share. */
export interface GraphView {
  readonly graph: FrozenGraph;
  /** Modality names of the model's inputs. */
  readonly names: readonly string[];
  /** Names of the model's outputs. */
  readonly outputNames: readonly string[];
  /** Number of the logits. */
  readonly logits: number;
}

/** A classifier that calls the layers of a model one by one, so that some of them can run once and others each time. */
export function separateCalls(view: GraphView): Classifier {
  const { graph, names, logits } = view;
  const path = callsFor(graph.calls, [logits]);
  const values = (inputs: Modalities, calls: readonly LayerCall[]) => {
    const all: Values = new Map(names.map((name, i) => [graph.inputs[i]!, inputOf(inputs, name, names)]));
    runCalls(calls, all, false);
    return all;
  };
  const classifier: Classifier = (inputs) => tf.tidy(() => values(inputs, path).get(logits) as tf.Tensor2D);
  classifier.observe = (inputs, wanted) => {
    const numbers = wanted.map((name) => valueNumberOf(view, name));
    return tidyObject(() => {
      const all = values(inputs, callsFor(graph.calls, [logits, ...numbers]));
      return observation(all.get(logits)!, wanted, (i) => all.get(numbers[i]!)!);
    });
  };
  classifier.frozen = (inputs, modalities) => freeze(view, inputs, modalities);
  return classifier;
}

function freeze(view: GraphView, inputs: Modalities, modalities: string[]): FrozenClassifier {
  const { graph, names } = view;
  const fixed = graph.inputs.filter((_, i) => modalities.includes(names[i]!));
  const kept: Values = new Map(
    fixed.map((input) => [input, tf.keep(tf.clone(inputOf(inputs, names[input]!, names)))]),
  );
  return frozenClassifier(view, fixed, kept);
}

/** A frozen classifier. It owns the values of `kept`, and frees them when making it fails. */
function frozenClassifier(view: GraphView, fixed: readonly number[], kept: Values): FrozenClassifier {
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
      const numbers = wanted.map((name) => valueNumberOf(view, name));
      const key = numbers.join();
      const calls = observers.get(key) ?? prepare([logits, ...numbers]);
      observers.set(key, calls);
      return tidyObject(() => {
        const values = run(changed, calls);
        const z = owned(values, logits);
        return observation(z, wanted, (i) => (numbers[i] === logits ? z : owned(values, numbers[i]!)));
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

/** Logits and inner values by name. */
export function observation(
  logits: tf.Tensor,
  names: readonly string[],
  value: (i: number) => tf.Tensor,
): Observation {
  return {
    logits: logits as tf.Tensor2D,
    values: Object.fromEntries(names.map((name, i) => [name, value(i)])),
  };
}

/** Number of an output or a layer. */
function valueNumberOf({ graph, outputNames }: GraphView, name: string): number {
  const output = outputNames.indexOf(name);
  const number = output >= 0 ? graph.outputs[output] : graph.layers.get(name);
  if (number === undefined) {
    const expected = `an output of the model, ${formatValue([...outputNames])}, or a layer, ${formatValue([...graph.layers.keys()])}`;
    throw new AttackInputError(mismatch('The inner value that the loss needs', name, expected));
  }
  if (!canRunSeparately(callsFor(graph.calls, [number]))) {
    const expected = "a value that doesn't depend on layers with masks or states, since the logits don't";
    throw new AttackInputError(mismatch('The inner value that the loss needs', name, expected));
  }
  return number;
}
