import type { SafetensorsEntry } from '@amr/formats';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointError } from '../errors.js';
import { readChecked, tensorOf } from './checkpoint.js';
import { weightsOfModel } from './modelWeights.js';

/** What {@link restoreWeights} may leave alone. */
export interface RestoreOptions {
  /** Whether the checkpoint may hold weights that the model hasn't, as when the model is an encoder of the one trained. Default: false. */
  part?: boolean;
}

/** What {@link restoreWeights} did, by names of weights such as `rgbStem/kernel`. */
export interface RestoredWeights {
  /** Weights that were set. */
  restored: string[];
  /** Weights of the checkpoint that the model hasn't. */
  skipped: string[];
}

/**
 * Sets a model's weights, moving statistics among them, to those of the same names in a checkpoint of an
 * `AdversarialTrainer`. The model need not be the one that was trained: with `part` it may be a piece of it, so that an
 * encoder that was trained by itself begins in another network. Optimizer and settings of the checkpoint don't matter.
 *
 * @param model all of its weights are set; when one can't be, none is
 * @param checkpoint the bytes of a checkpoint's file
 * @param options see {@link RestoreOptions}
 * @throws {CheckpointError} when the checkpoint is damaged, lacks a weight of the model or has it in another shape, holds
 * several of one name, or holds others and `part` is false
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
  { part = false }: RestoreOptions = {},
): RestoredWeights {
  const held = weightsIn(checkpoint);
  const wanted = weightsOfModel(model);
  for (const { name, variable } of wanted) {
    const entry = held.get(name);
    if (!entry) throw refusal(`it lacks '${name}'; it has ${[...held.keys()].slice(0, 3).join(', ')}, ...`);
    if (`${entry.shape}` !== `${variable.shape}`) {
      throw refusal(`'${name}' has shape [${entry.shape}], this model's has [${variable.shape}]`);
    }
  }
  const restored = wanted.map(({ name }) => name);
  const skipped = [...held.keys()].filter((name) => !restored.includes(name));
  if (skipped.length > 0 && !part) {
    throw refusal(
      `it holds '${skipped[0]}', which this model has not; 'part: true' leaves such weights alone`,
    );
  }
  tf.tidy(() => {
    for (const { name, variable } of wanted) variable.assign(tensorOf(held.get(name)!));
  });
  return { restored, skipped };
}

/** Entries by the weights' names, without their numbers in the trained model. */
function weightsIn(checkpoint: Uint8Array): Map<string, SafetensorsEntry> {
  const held = new Map<string, SafetensorsEntry>();
  for (const [key, entry] of readChecked(checkpoint).tensors) {
    const [, name] = /^model\/\d+\/(.*)$/.exec(key) ?? [];
    if (name === undefined) continue;
    if (held.has(name)) {
      throw refusal(
        `two of its weights are called '${name}'; give the layers of the model names of their own`,
      );
    }
    held.set(name, entry);
  }
  return held;
}

const refusal = (what: string): CheckpointError =>
  new CheckpointError('model', `the checkpoint's weights don't fit this model: ${what}`);
