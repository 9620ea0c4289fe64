import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError, shown } from '../errors.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import type { TensorFunction } from './bpda.js';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';

/** Options of {@link withPreprocessing}. */
export interface PreprocessingOptions {
  /**
   * Whether the functions draw at random. Then they are called each time, also for modalities that an attack leaves
   * alone and whose value would otherwise be computed once. Default false.
   */
  random?: boolean;
}

/**
 * A classifier with functions in front of it: a defence that transforms its inputs becomes a part of what is attacked,
 * so that the attack moves the inputs in front of the defence, and budgets, ranges and masks are theirs.
 *
 * `observe` is there if the classifier has it. `frozen` always is: the functions of unchanging modalities run once.
 *
 * A function without a useful gradient, such as a quantisation, goes through {@link bpda}. One that draws at random
 * needs the option `random`, and attacks that take the mean over several draws, `draws` of {@link pgd}. Draw
 * from a generator of your own if results shall repeat.
 * @param classifier what sees the results
 * @param functions for each modality what is done to it; others pass as they are. Rows must not depend on one another
 * @returns a classifier that throws {@link AttackInputError} when it isn't given a modality that has a function
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { bpda, type Classifier, pgd, withPreprocessing } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb }) => tf.matMul(tf.reshape(rgb!, [-1, 12]), tf.ones([12, 2])) as tf.Tensor2D;
 * const quantised = bpda((x) => tf.div(tf.round(tf.mul(x, 7)), 7)); // three bits
 * const defended = withPreprocessing(classifier, { rgb: quantised });
 * const attack = pgd({ rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] } });
 * await attack.perturb(defended, { rgb: tf.randomUniform([1, 2, 2, 3]) }, tf.tensor1d([1], 'int32'));
 * ```
 */
export function withPreprocessing(
  classifier: Classifier,
  functions: { [modality: string]: TensorFunction },
  options: PreprocessingOptions = {},
): Classifier {
  const { random = false } = options;
  const names = Object.keys(functions);
  const done = (inputs: Modalities, which: readonly string[]): Modalities => {
    const missing = which.filter((name) => !inputs[name]);
    if (missing.length > 0) {
      throw new AttackInputError(
        `There are functions for ${shown(names)}, but the inputs ${shown(Object.keys(inputs))} lack ${shown(missing)}.`,
      );
    }
    return { ...inputs, ...Object.fromEntries(which.map((name) => [name, functions[name]!(inputs[name]!)])) };
  };
  const result = behind(classifier, (inputs) => done(inputs, names));
  result.frozen = (inputs, modalities) => {
    const settled = modalities.filter((name) => !(random && functions[name]));
    const [once, always] = [
      names.filter((name) => settled.includes(name)),
      names.filter((name) => !settled.includes(name)),
    ];
    const held = tidyObject(() => {
      const values = done(inputs, once);
      return Object.fromEntries(modalities.map((name) => [name, tf.clone(values[name]!)]));
    });
    const changed = (given: Modalities) => done(given, always);
    try {
      return holding(classifier, classifier.frozen?.({ ...inputs, ...held }, settled), held, changed);
    } catch (error) {
      tf.dispose(held);
      throw error;
    }
  };
  return result;
}

/** A frozen classifier with the held inputs in place of those it is given; owns them and the inner frozen one. */
function holding(
  classifier: Classifier,
  inner: FrozenClassifier | undefined,
  held: Modalities,
  done: (inputs: Modalities) => Modalities,
): FrozenClassifier {
  let disposed = false;
  const refuseDisposed = () => {
    if (disposed) throw new AttackInputError('This frozen classifier has been disposed; make another.');
  };
  const seen = (given: Modalities) => {
    refuseDisposed();
    return done({ ...given, ...held });
  };
  const dispose = () => {
    disposed = true;
    inner?.dispose();
    tf.dispose(held);
  };
  const result: FrozenClassifier = Object.assign(behind(inner ?? classifier, seen), { dispose });
  if (!inner || inner.take) {
    result.take = (rows) => {
      refuseDisposed();
      return holding(classifier, inner?.take?.(rows), takeRows(held, rows), done);
    };
  }
  return result;
}

/** A classifier that sees its inputs through a function. */
function behind(classifier: Classifier, done: (inputs: Modalities) => Modalities): Classifier {
  const result: Classifier = (inputs) => tf.tidy(() => classifier(done(inputs)));
  if (classifier.observe) {
    result.observe = (inputs, names) => tidyObject(() => classifier.observe!(done(inputs), names));
  }
  return result;
}
