import * as tf from '@tensorflow/tfjs-core';
import type { TensorFunction } from './bpda.js';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';
import { AttackInputError, shown } from './errors.js';
import { tidied } from './tidied.js';

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
    const held = tidied(() => {
      const values = done(inputs, once);
      return Object.fromEntries(modalities.map((name) => [name, tf.clone(values[name]!)]));
    });
    let inner: FrozenClassifier | undefined;
    try {
      inner = classifier.frozen?.({ ...inputs, ...held }, settled);
    } catch (error) {
      tf.dispose(held);
      throw error;
    }
    let disposed = false;
    const changed = (given: Modalities) => {
      if (disposed) throw new AttackInputError('This frozen classifier has been disposed; make another.');
      return done({ ...given, ...held }, always);
    };
    return Object.assign(behind(inner ?? classifier, changed), {
      dispose() {
        disposed = true;
        inner?.dispose();
        tf.dispose(held);
      },
    });
  };
  return result;
}

/** A classifier that sees its inputs through a function. */
function behind(classifier: Classifier, done: (inputs: Modalities) => Modalities): Classifier {
  const result: Classifier = (inputs) => tf.tidy(() => classifier(done(inputs)));
  if (classifier.observe) {
    result.observe = (inputs, names) => tidied(() => classifier.observe!(done(inputs), names));
  }
  return result;
}
