import type { LayersModel } from '@tensorflow/tfjs-layers';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import type { Classifier } from './classifier.js';
import type { ClassifierOfOptions } from './classifierOptions.js';
import { graphClassifier } from './graphModel/graphClassifier.js';
import type { GraphModelLike } from './graphModel/graphModelLike.js';
import { isLayersModel } from './layersModel/isLayersModel.js';
import { layersClassifier } from './layersModel/layersClassifier.js';
import { checkIsModel } from './modelNames.js';

/**
 * A model as a {@link Classifier}: a LayersModel, a Sequential, or a GraphModel. It computes only what the chosen output
 * depends on, so auxiliary heads cost nothing. The caller keeps the model: when its weights change, so does the classifier.
 *
 * Attacks need logits. A softmax at the end of the output is therefore left out, as {@link logitsOf} says, and one sigmoid
 * unit with the value z in front of it gives the two logits [0, z], of the classes 0 and 1. Several sigmoid units are
 * several answers: they need the option `multiLabel`.
 *
 * `frozen` exists when the model's graph allows it: all that depends only on the frozen modalities is computed once, also
 * inside nested models. It doesn't exist for models with masks (Masking layers, Embedding with maskZero) or stateful layers,
 * nor with `training`. A frozen classifier uses the old weights in the branches that it has computed.
 *
 * `observe` returns, by name, other outputs of the model and the first outputs of its layers (for layers in nested models
 * the name is 'model/layer'; a layer that is used several times stands for its first use). With masks, states or
 * `training` it returns only outputs. Of a GraphModel it returns outputs and nodes. The name of the chosen output stands
 * for the logits.
 *
 * A GraphModel runs through `execute`. Graphs with control flow, which tfjs runs only asynchronously, have no gradients and
 * are refused.
 * @param model takes the modalities and returns predictions in one of its outputs
 * @throws {AttackInputError} when it is not a model (a promise, say) or isn't built, when its graph has control flow, or its
 *   output has several sigmoid units without `multiLabel`
 * @throws {AttackOptionsError} when the names don't match the model's inputs, there is no such output or an option is
 *   unknown
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { classifierOf } from '@amr/attacks';
 * const audio = input({ shape: [4], name: 'audio' });
 * const video = input({ shape: [3], name: 'video' });
 * const joined = layers.concatenate().apply([audio, video]) as SymbolicTensor;
 * const classes = layers.dense({ units: 2, activation: 'softmax' }).apply(joined) as SymbolicTensor;
 * const classifier = classifierOf(model({ inputs: [audio, video], outputs: classes }));
 * const logits = classifier({ audio: tf.ones([5, 4]), video: tf.ones([5, 3]) }); // without the softmax
 * console.log(logits.shape); // [5, 2]
 * ```
 */
export function classifierOf(
  model: LayersModel | GraphModelLike,
  options: ClassifierOfOptions = {},
): Classifier {
  rejectUnknownOptions('classifierOf', options, OPTIONS);
  checkIsModel('classifierOf.model', model);
  return isLayersModel(model) ? layersClassifier(model, options) : graphClassifier(model, options);
}

const OPTIONS = /* @__PURE__ */ optionKeys<ClassifierOfOptions>({
  inputs: true,
  output: true,
  training: true,
  multiLabel: true,
});
