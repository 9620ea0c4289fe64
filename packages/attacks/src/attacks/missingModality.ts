import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { broadcastsTo } from '../tensors/broadcastsTo.js';
import { corruption } from './corruption.js';

/**
 * The values that replace a missing input: a number; 'mean', the mean of each sample over all its axes but the last, such
 * as the mean colour of a clip; or a tensor that broadcasts to the input, such as the mean of the training set.
 */
export type Fill = number | 'mean' | tf.Tensor;

/** Options of {@link missingModality}. */
export interface MissingModalityOptions {
  /** The replacement, one for all of the inputs or one for each by name. Default 0. */
  fill?: Fill | { [modality: string]: Fill };
}

const OPTIONS = /* @__PURE__ */ optionKeys<MissingModalityOptions>({ fill: true });

/**
 * Whole inputs that are missing: a corruption, not an adversary, in the form of an attack, so that evaluations and tables
 * treat it like one. It shows how far a classifier depends on one input. Nothing is random, and the classifier is never
 * called.
 *
 * Its threat model is a linf ball of infinite radius around each of the inputs.
 * @param modalities the inputs that are missing, one name or several
 * @throws {ThreatModelError} when no name is given; when run, if an input doesn't exist
 * @throws {AttackOptionsError} when an option is unknown or the fill not valid; when run, if a tensor doesn't broadcast to the input
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, missingModality } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb, skeleton }) => tf.concat([rgb!, skeleton!], 1) as tf.Tensor2D;
 * const clean = { rgb: tf.ones([2, 3]), skeleton: tf.ones([2, 3]) };
 * const blind = await missingModality('rgb').perturb(classifier, clean, tf.tensor1d([0, 1], 'int32'));
 * console.log(await classifier(blind).data()); // 0, 0, 0, 1, 1, 1 for each sample
 * ```
 */
export function missingModality(
  modalities: string | readonly string[],
  options: MissingModalityOptions = {},
): Attack {
  rejectUnknownOptions('missingModality', options, OPTIONS);
  const { fill = 0 } = options;
  const names = typeof modalities === 'string' ? [modalities] : modalities;
  const fills = Object.fromEntries(
    names.map((name) => {
      const own = typeof fill === 'object' && !(fill instanceof tf.Tensor) ? fill[name] : fill;
      const isFill =
        (typeof own === 'number' && Number.isFinite(own)) || own === 'mean' || own instanceof tf.Tensor;
      checkOption(pathOf(name), own, isFill, "a finite number, 'mean' or a tensor");
      return [name, own as Fill];
    }),
  );
  return corruption('missingModality', names, (inputs) =>
    tf.tidy(() =>
      Object.fromEntries(names.map((name) => [name, fillInput(inputs[name]!, fills[name]!, name)])),
    ),
  );
}

function fillInput(x: tf.Tensor, fill: Fill, name: string): tf.Tensor {
  if (typeof fill === 'number') return tf.fill(x.shape, fill);
  if (fill === 'mean') {
    const axes = x.rank === 2 ? [1] : x.shape.map((_, axis) => axis).slice(1, -1);
    return tf.broadcastTo(tf.mean(x, axes, true), x.shape);
  }
  const expected = `the input's shape ${formatValue(x.shape)} or one that broadcasts to it`;
  checkOption(pathOf(name), fill, broadcastsTo(fill, x), expected);
  return tf.add(tf.zeros(x.shape), fill);
}

const pathOf = (modality: string) => `missingModality.fill.${modality}`;
