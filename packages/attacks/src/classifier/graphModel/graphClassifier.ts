/*
 * A GraphModel as a classifier. tfjs computes any node of a graph from the values of any others (`execute`), so logits in
 * front of a softmax, inner values and the cut behind unchanging inputs need no other graph: they are other names.
 */
import { formatValue, mismatch, nearestName } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../../errors.js';
import { checkOption } from '../../options.js';
import { tidyObject } from '../../tensors/tidyObject.js';
import type { Classifier, FrozenClassifier, Modalities, Observation } from '../classifier.js';
import type { ClassifierOfOptions } from '../classifierOptions.js';
import { severalAnswers } from '../layersModel/logitsOf.js';
import { binaryLogits } from '../mapLogits.js';
import { checkInputNames, inputOf } from '../modelNames.js';
import { graphCut } from './graphCut.js';
import {
  ancestorsOf,
  checkSynchronous,
  findNode,
  type GraphEnding,
  graphEndingOf,
  nodeName,
} from './graphEnding.js';
import { type GraphModelLike, type GraphNode, type GraphNodes, nodesOf } from './graphModelLike.js';

/** A GraphModel and what is known of it. */
interface View {
  readonly model: GraphModelLike;
  readonly nodes: GraphNodes;
  /** Modality names of the inputs, and the nodes that take them. */
  readonly names: readonly string[];
  readonly feeds: readonly string[];
  /** Name of the output's value. */
  readonly output: string;
  readonly ending: GraphEnding | undefined;
  readonly multiLabel: boolean;
}

/**
 * The classifier of a GraphModel; see {@link classifierOf}.
 * @throws {AttackInputError} when the output depends on control flow, or on several sigmoids without `multiLabel`
 * @throws {AttackOptionsError} when the names don't match the model's inputs, there is no such output, or for `training`
 */
export function graphClassifier(model: GraphModelLike, options: ClassifierOfOptions): Classifier {
  const { output = 0, multiLabel = false, training = false } = options;
  const advice = 'Layers of a GraphModel are fixed for inference; use a LayersModel.';
  checkOption('classifierOf.training', training, !training, 'false for a GraphModel', advice);
  const nodes = nodesOf(model);
  const given = model.inputs
    .map(({ name, dtype }, i) => ({ name, dtype, key: model.inputNodes?.[i] ?? name }))
    .filter(({ dtype }) => dtype !== 'resource');
  const keys = given.map(({ key }) => key);
  const { inputs: names = keys } = options;
  checkInputNames(names, keys);
  const name = outputName(model, nodes, output);
  const node = findNode(nodes, name);
  if (node) checkSynchronous(ancestorsOf([node]));
  const ending = graphEndingOf(node);
  const view: View = {
    model,
    nodes,
    names,
    feeds: given.map((one) => one.name),
    output: name,
    ending,
    multiLabel,
  };
  const feedAll = (inputs: Modalities) =>
    Object.fromEntries(names.map((_, i) => [view.feeds[i]!, feedOf(view, inputs, i)]));
  const classifier: Classifier = (inputs) => run(view, feedAll(inputs), []).logits;
  classifier.observe = (inputs, wanted) => run(view, feedAll(inputs), wanted);
  if (node) classifier.frozen = (inputs, modalities) => freeze(view, feedAll(inputs), modalities);
  return classifier;
}

/** The name of the value of an output: of an index, a key of the signature, or a node. */
function outputName(model: GraphModelLike, nodes: GraphNodes, output: number | string): string {
  const keys = model.outputs.map(({ name }, i) => model.outputNodes?.[i] ?? name);
  const position = typeof output === 'number' ? output : keys.indexOf(output);
  const found =
    typeof output === 'string' && position < 0
      ? findNode(nodes, output) && output
      : model.outputs[position] && withIndex(model.outputs[position].name, keys[position]!);
  const near = typeof output === 'string' ? nearestName(output, Object.keys(nodes)) : undefined;
  const expected = `an index from 0 to ${keys.length - 1}, one of ${formatValue(keys)} or the name of a node${near ? `, perhaps '${near}'` : ''}`;
  checkOption('classifierOf.output', output, found !== undefined, expected);
  return found!;
}

/** A node's name with the index of the value that an output's key ends in: 'split:1'. */
function withIndex(name: string, key: string): string {
  const index = key.includes(':') ? key.slice(key.indexOf(':')) : '';
  return name.includes(':') ? name : `${name}${index}`;
}

/**
 * The input of an index.
 * @throws {AttackInputError} when it is missing, or the model was exported for another batch size
 */
function feedOf({ model, names, feeds }: View, inputs: Modalities, i: number): tf.Tensor {
  const x = inputOf(inputs, names[i]!, names);
  const batch = model.inputs.find(({ name }) => name === feeds[i])!.shape?.[0] ?? -1;
  if (batch > 0 && x.shape[0] !== batch) {
    throw new AttackInputError(
      `inputs.${names[i]}: got a batch of ${x.shape[0]}; expected ${batch}, the batch size that the GraphModel was exported for. Give batches of this size, or export the model with an open batch size.`,
    );
  }
  return x;
}

/** One run: the logits, and values of other nodes. @param fed the values of nodes from which the others follow */
function run(view: View, fed: tf.NamedTensorMap, wanted: readonly string[]): Observation {
  const { model, ending, output } = view;
  const values = wanted.map((name) => valueName(view, name));
  const first = ending?.logits ?? output;
  return tidyObject(() => {
    const asked = [...new Set([first, ...values.filter((name) => name !== output)])];
    const results = [model.execute({ ...fed }, asked)].flat();
    const value = (name: string) => tf.clone(results[asked.indexOf(name)]!);
    let logits = value(first);
    if (ending) {
      const { node, behind } = ending;
      // The nodes behind it are given the logits in place of the probabilities.
      const shown =
        behind.length > 0 ? (model.execute({ ...fed, [node.name]: logits }, output) as tf.Tensor) : logits;
      logits = withoutEnding(view, ending, logits, shown);
    }
    return {
      logits: logits as tf.Tensor2D,
      values: Object.fromEntries(
        wanted.map((name, i) => [name, values[i] === output ? tf.clone(logits) : value(values[i]!)]),
      ),
    };
  });
}

/** The logits in the form of the output. @param shown in the shape that the model gives its output */
function withoutEnding(
  { multiLabel }: View,
  { kind, removed }: GraphEnding,
  logits: tf.Tensor,
  shown: tf.Tensor,
): tf.Tensor {
  if (multiLabel) return shown;
  const units = shown.size / shown.shape[0]!;
  if (kind === 'sigmoid') {
    if (units === 1) return binaryLogits(shown);
    throw severalAnswers('classifierOf', `${units} sigmoid units`, removed);
  }
  // A softmax is over the last axis. Rows that a reshape has joined are no longer one choice.
  if (shown.shape.at(-1) !== logits.shape.at(-1)) {
    throw severalAnswers('classifierOf', 'several softmaxes in one row', removed);
  }
  return shown;
}

/** The name of a value that a loss needs: of an output or a node. */
function valueName({ model, nodes }: View, name: string): string {
  const keys = model.outputNodes ?? [];
  const position = keys.indexOf(name);
  const value = position < 0 ? name : withIndex(model.outputs[position]!.name, name);
  const node = findNode(nodes, value);
  if (node) {
    checkSynchronous(ancestorsOf([node]));
    return node.name === nodeName(value) ? value : node.name;
  }
  if (position >= 0) return value;
  const near = nearestName(name, Object.keys(nodes));
  const expected = `an output of the model, ${formatValue([...keys])}, or one of its ${Object.keys(nodes).length} nodes${near ? `, perhaps '${near}'` : ''}`;
  throw new AttackInputError(mismatch('The inner value that the loss needs', name, expected));
}

/** The classifier with all that depends only on some modalities computed once. */
function freeze(view: View, fed: tf.NamedTensorMap, modalities: readonly string[]): FrozenClassifier {
  const { model, nodes, names, feeds, output, ending } = view;
  const fixed = feeds.filter((_, i) => modalities.includes(names[i]!));
  const changing = new Set(feeds.filter((feed) => !fixed.includes(feed)).map((feed) => nodes[feed]!));
  const kept = new Map(fixed.map((feed) => [feed, tf.keep(tf.clone(fed[feed]!))]));
  const unfit = new Set<GraphNode>();
  let disposed = false;
  const dispose = () => {
    disposed = true;
    for (const tensor of kept.values()) tensor.dispose();
    kept.clear();
  };

  /** The kept values from which these values follow; those that aren't known yet are computed. */
  const prepare = (values: readonly string[]): string[] => {
    const ends = [output, ...values].map((name) => findNode(nodes, name)!);
    // A run gives the nodes behind a softmax the logits, so none of them may have a kept value.
    if (ending) ends.push(findNode(nodes, ending.logits)!, ending.node, ...ending.behind);
    for (;;) {
      const cut = graphCut(ends, changing, unfit);
      const missing = cut.map(({ name }) => name).filter((name) => !kept.has(name));
      if (missing.length > 0) {
        const computed = tidyObject(() => {
          const results = [model.execute(Object.fromEntries(kept), missing)].flat();
          return results.map((tensor) => tf.clone(tensor));
        });
        for (const [i, tensor] of computed.entries()) kept.set(missing[i]!, tf.keep(tensor));
      }
      // tfjs compares a given value's type with an attribute that for comparisons is the type of what they compare.
      const refused = cut.filter(({ name, attrParams }) => {
        const type = attrParams.dtype?.value;
        return type !== undefined && type !== null && type !== kept.get(name)!.dtype;
      });
      if (refused.length === 0) return [...fixed, ...cut.map(({ name }) => name)];
      for (const node of refused) {
        unfit.add(node);
        kept.get(node.name)!.dispose();
        kept.delete(node.name);
      }
    }
  };
  const prepared = new Map<string, string[]>();
  const observe = (inputs: Modalities, wanted: readonly string[]): Observation => {
    if (disposed) {
      throw new AttackInputError(
        'classifier: got a frozen classifier that has been disposed of; expected another.',
      );
    }
    const key = wanted.join();
    const given = prepared.get(key) ?? prepare(wanted.map((name) => valueName(view, name)));
    prepared.set(key, given);
    const feed: tf.NamedTensorMap = Object.fromEntries(given.map((name) => [name, kept.get(name)!]));
    for (const i of names.keys()) {
      if (!fixed.includes(feeds[i]!)) feed[feeds[i]!] = feedOf(view, inputs, i);
    }
    return run(view, feed, wanted);
  };
  try {
    prepared.set('', prepare([]));
  } catch (error) {
    dispose();
    throw error;
  }
  return Object.assign((inputs: Modalities) => observe(inputs, []).logits, { observe, dispose });
}
