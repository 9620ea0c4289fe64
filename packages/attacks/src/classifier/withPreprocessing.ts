import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { checkBoolean, checkOption, rejectUnknownOptions } from '../options.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import type { TensorFunction } from './bpda.js';
import { checkClassifier } from './checkClassifier.js';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';

/** Options of {@link withPreprocessing}. */
export interface PreprocessingOptions {
  /**
   * Whether the functions are random. Then they are called each time, also for unchanged modalities, whose value would
   * otherwise be computed once. Default false.
   */
  random?: boolean;
}

/**
 * A classifier with functions applied to its inputs first. So a defence that transforms inputs becomes a part of the
 * attacked classifier: the attack perturbs the inputs before the defence, and budgets, ranges and masks refer to these.
 *
 * `observe` exists if the classifier has it. `frozen` always exists: the functions of unchanging modalities run once.
 *
 * Wrap a function without a useful gradient, such as a quantisation, with {@link bpda}. A random function
 * needs the option `random`, and attacks that take the mean over several draws, `draws` of {@link pgd}. Use a
 * seeded generator if results shall repeat.
 * @param classifier receives the transformed inputs
 * @param functions the function for each modality; others are passed on unchanged. Rows must not depend on one another
 * @throws {AttackOptionsError} when an option is unknown or an entry isn't a function
 * @returns a classifier that throws {@link AttackInputError} when it isn't given a modality that has a function
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
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
  checkClassifier(classifier);
  rejectUnknownOptions('withPreprocessing', options, ['random'] satisfies (keyof PreprocessingOptions)[]);
  checkBoolean('withPreprocessing.random', random);
  for (const [name, transform] of Object.entries(functions)) {
    checkOption(
      `withPreprocessing.functions.${name}`,
      transform,
      typeof transform === 'function',
      'a function',
    );
  }
  const names = Object.keys(functions);
  const transformed = (inputs: Modalities, which: readonly string[]): Modalities => {
    const missing = which.filter((name) => !inputs[name]);
    if (missing.length > 0) {
      const expected = `inputs for all functions, ${formatValue(names)}; ${formatValue(missing)} are missing`;
      throw new AttackInputError(mismatch('inputs', Object.keys(inputs), expected));
    }
    return { ...inputs, ...Object.fromEntries(which.map((name) => [name, functions[name]!(inputs[name]!)])) };
  };
  const result = composed(classifier, (inputs) => transformed(inputs, names));
  result.frozen = (inputs, modalities) => {
    const unchanging = modalities.filter((name) => !(random && functions[name]));
    const once = names.filter((name) => unchanging.includes(name));
    const always = names.filter((name) => !unchanging.includes(name));
    const kept = tidyObject(() => {
      const values = transformed(inputs, once);
      return Object.fromEntries(modalities.map((name) => [name, tf.clone(values[name]!)]));
    });
    const transformOthers = (given: Modalities) => transformed(given, always);
    try {
      const inner = classifier.frozen?.({ ...inputs, ...kept }, unchanging);
      return frozenClassifier(classifier, inner, kept, transformOthers);
    } catch (error) {
      tf.dispose(kept);
      throw error;
    }
  };
  return result;
}

/** A frozen classifier that uses the kept inputs instead of the given ones; it owns these and the inner frozen classifier. */
function frozenClassifier(
  classifier: Classifier,
  inner: FrozenClassifier | undefined,
  kept: Modalities,
  transform: (inputs: Modalities) => Modalities,
): FrozenClassifier {
  let disposed = false;
  const refuseDisposed = () => {
    if (disposed)
      throw new AttackInputError(
        'classifier: got a frozen classifier that has been disposed of; expected another.',
      );
  };
  const withKept = (given: Modalities) => {
    refuseDisposed();
    return transform({ ...given, ...kept });
  };
  const dispose = () => {
    disposed = true;
    inner?.dispose();
    tf.dispose(kept);
  };
  const result: FrozenClassifier = Object.assign(composed(inner ?? classifier, withKept), { dispose });
  if (!inner || inner.take) {
    result.take = (rows) => {
      refuseDisposed();
      return frozenClassifier(classifier, inner?.take?.(rows), takeRows(kept, rows), transform);
    };
  }
  return result;
}

/** A classifier of transformed inputs. */
function composed(classifier: Classifier, transform: (inputs: Modalities) => Modalities): Classifier {
  const result: Classifier = (inputs) => tf.tidy(() => classifier(transform(inputs)));
  if (classifier.observe) {
    result.observe = (inputs, names) => tidyObject(() => classifier.observe!(transform(inputs), names));
  }
  return result;
}
