import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, model as modelOf, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { AttackInputError } from '../../errors.js';
import { tidyObject } from '../../tensors/tidyObject.js';
import type { Classifier, Modalities } from '../classifier.js';
import type { ClassifierOfOptions } from '../classifierOptions.js';
import { binaryLogits, mapLogits } from '../mapLogits.js';
import { checkBuilt, checkInputNames, inputNamesOf, inputOf, outputNamesOf } from '../modelNames.js';
import { callsFor, canRunSeparately, frozenGraphOf } from './frozenGraph.js';
import { isLayersModel } from './isLayersModel.js';
import { checkEnding, outputPosition } from './logitsOf.js';
import { endingOf } from './modelEnding.js';
import { observation, separateCalls } from './separateCalls.js';

/**
 * The classifier of a LayersModel; see {@link classifierOf}.
 * @throws {AttackInputError} when the model is not built, or has several sigmoid units without `multiLabel`
 * @throws {AttackOptionsError} when the names don't match the model's inputs or there is no such output
 */
export function layersClassifier(model: LayersModel, options: ClassifierOfOptions): Classifier {
  checkBuilt('classifierOf.model', model);
  const own = inputNamesOf(model);
  const { inputs: names = own, output = 0, training = false, multiLabel = false } = options;
  checkInputNames(names, own);
  const outputNames = outputNamesOf(model);
  const position = outputPosition('classifierOf', model, output);
  const ending = endingOf(model.outputs[position]!);
  if (ending) checkEnding('classifierOf', ending, multiLabel);
  const symbols = model.outputs.map((symbol, i) => (ending && i === position ? ending.logits : symbol));
  const graph = frozenGraphOf({ inputs: model.inputs, outputs: symbols });
  const path = callsFor(graph.calls, [graph.outputs[position]!]);
  const classifier =
    training || !canRunSeparately(path)
      ? wholeModel(ending ? withLogits(model, position) : model, { names, outputNames, position, training })
      : separateCalls({
          graph,
          names,
          outputNames,
          logits: graph.outputs[position]!,
        });
  return ending?.kind === 'sigmoid' && !multiLabel ? mapLogits(classifier, binaryLogits) : classifier;
}

/** The model with an output replaced by its logits. Layers that are used for other outputs as well get other names. */
function withLogits(model: LayersModel, position: number): LayersModel {
  const taken = new Set(layerNames(model));
  const ending = endingOf(model.outputs[position]!, (name) => {
    let found = `${name}Logits`;
    for (let i = 1; taken.has(found); i++) found = `${name}Logits${i}`;
    taken.add(found);
    return found;
  });
  const outputs = model.outputs.map(
    (symbol, i): SymbolicTensor => (i === position ? ending!.logits : symbol),
  );
  return modelOf({ inputs: model.inputs, outputs });
}

/** The names of all layers of a model and of the models in it. */
function layerNames(model: LayersModel): string[] {
  return model.layers.flatMap((layer) => [layer.name, ...(isLayersModel(layer) ? layerNames(layer) : [])]);
}

/** A classifier that runs the whole model, whose layers can't be called one by one. */
function wholeModel(
  model: LayersModel,
  view: { names: readonly string[]; outputNames: readonly string[]; position: number; training: boolean },
): Classifier {
  const { names, outputNames, position, training } = view;
  const outputsOf = (inputs: Modalities) => {
    const given = names.map((name) => inputOf(inputs, name, names));
    return [model.apply(given, { training })].flat() as tf.Tensor[];
  };
  const classifier: Classifier = (inputs) => tf.tidy(() => outputsOf(inputs)[position] as tf.Tensor2D);
  classifier.observe = (inputs, wanted) => {
    const positions = wanted.map((name) => {
      const found = outputNames.indexOf(name);
      if (found >= 0) return found;
      const observable = `one of the outputs ${formatValue([...outputNames])}, all that can be observed with masks, states or training`;
      throw new AttackInputError(mismatch('The inner value that the loss needs', name, observable));
    });
    return tidyObject(() => {
      const outputs = outputsOf(inputs);
      return observation(outputs[position]!, wanted, (i) => outputs[positions[i]!]!);
    });
  };
  return classifier;
}
