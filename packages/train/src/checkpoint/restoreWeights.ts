import type { SafetensorsEntry } from '@amr/formats';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointError } from '../errors.js';
import { rejectUnknownOptions } from '../options.js';
import { readChecked, tensorOf } from './checkpoint.js';
import { weightsOfModel } from './modelWeights.js';

/** Options of {@link restoreWeights}. */
export interface RestoreOptions {
  /**
   * Whether the checkpoint may hold weights that the model doesn't have, as when the model is an encoder of the trained
   * one. Default: false.
   */
  part?: boolean;
}

/** Result of {@link restoreWeights}: names of weights such as `rgbStem/kernel`. */
export interface RestoredWeights {
  /** Weights that were set. */
  restored: string[];
  /** Weights of the checkpoint that the model doesn't have. */
  skipped: string[];
}

/**
 * Sets a model's weights, moving statistics included, to those of the same names in a checkpoint of an
 * `AdversarialTrainer`. The model need not be the one that was trained: with `part` it may be a part of it, so that an
 * encoder that was trained by itself can start in another network. Optimizer and settings of the checkpoint don't matter.
 *
 * @param model all of its weights are set, or none when one can't be
 * @param checkpoint the bytes of a checkpoint's file
 * @param options see {@link RestoreOptions}
 * @throws {CheckpointError} when the checkpoint is damaged, lacks a weight of the model or has it in another shape, holds
 * several of one name, or holds others and `part` is false
 * @throws {TrainOptionError} for an unknown option
 * @example
 * ```ts
 * import { AdversarialTrainer, memoryStore, restoreWeights } from '@amr/train';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model as functional, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 *
 * const build = (classes: number) => {
 *   const a = input({ shape: [2], name: 'a' });
 *   const features = layers.dense({ units: 3, name: 'aFeatures' }).apply(a) as SymbolicTensor;
 *   const logits = layers.dense({ units: classes, name: 'logits' }).apply(features) as SymbolicTensor;
 *   return { encoder: functional({ inputs: a, outputs: features }), model: functional({ inputs: a, outputs: logits }) };
 * };
 * const samples = {
 *   size: 2,
 *   ids: ['s1', 's2'],
 *   classes: ['left', 'right'],
 *   modalities: { a: { shape: [2], unit: 'one' } },
 *   async *batches() {
 *     const labels = tf.tensor1d([0, 1], 'int32');
 *     yield { ids: ['s1', 's2'], inputs: { a: tf.tensor2d([[0, 1], [1, 0]]) }, labels };
 *   },
 *   subset: () => samples,
 * };
 * const checkpoint = memoryStore();
 * const { model } = build(2);
 * const optimizer = tf.train.sgd(0.1);
 * const trainer = new AdversarialTrainer({
 *   model, objective: 'cross-entropy', optimizer, checkpoint, batchSize: 2, seed: 1,
 * });
 * await trainer.fit(samples, { epochs: 1 });
 *
 * const { skipped } = restoreWeights(build(5).encoder, (await checkpoint.read())!, { part: true });
 * console.log(skipped); // logits/kernel, logits/bias
 * ```
 */
export function restoreWeights(
  model: LayersModel,
  checkpoint: Uint8Array,
  options: RestoreOptions = {},
): RestoredWeights {
  rejectUnknownOptions('restoreWeights', options, ['part'] satisfies (keyof RestoreOptions)[]);
  const saved = weightsIn(checkpoint);
  const weights = weightsOfModel(model);
  for (const { name, variable } of weights) {
    const entry = saved.get(name);
    if (!entry) {
      const first = [...saved.keys()].slice(0, 3).join(', ');
      throw refusal(`no '${name}' among [${first}, ...]`, "all of this model's weights");
    }
    if (`${entry.shape}` !== `${variable.shape}`) {
      throw refusal(
        `'${name}' of shape [${entry.shape.join(', ')}]`,
        `[${variable.shape.join(', ')}] as in this model`,
      );
    }
  }
  const restored = weights.map(({ name }) => name);
  const skipped = [...saved.keys()].filter((name) => !restored.includes(name));
  if (skipped.length > 0 && !options.part) {
    throw refusal(
      `'${skipped[0]}'`,
      "this model's weights only",
      "Pass 'part: true' to skip weights that the model doesn't have.",
    );
  }
  tf.tidy(() => {
    for (const { name, variable } of weights) variable.assign(tensorOf(saved.get(name)!));
  });
  return { restored, skipped };
}

/** Entries by the weights' names, without their numbers in the trained model. */
function weightsIn(checkpoint: Uint8Array): Map<string, SafetensorsEntry> {
  const saved = new Map<string, SafetensorsEntry>();
  for (const [key, entry] of readChecked(checkpoint).tensors) {
    const [, name] = /^model\/\d+\/(.*)$/.exec(key) ?? [];
    if (name === undefined) continue;
    if (saved.has(name)) {
      throw refusal(
        `two weights called '${name}'`,
        'a different name for each',
        'Name the layers of the model and train it again.',
      );
    }
    saved.set(name, entry);
  }
  return saved;
}

const refusal = (
  got: string,
  expected: string,
  advice = 'Build the model that was trained.',
): CheckpointError => new CheckpointError('model', `checkpoint: got ${got}; expected ${expected}. ${advice}`);
