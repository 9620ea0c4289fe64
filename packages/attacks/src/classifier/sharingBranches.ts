import type * as tf from '@tensorflow/tfjs-core';
import { checkClassifier } from './checkClassifier.js';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';

/** A classifier that owns its frozen forms; see {@link sharingBranches}. */
export type SharingClassifier = Classifier & {
  /** Frees the kept values. Its frozen classifiers can't be called afterwards; the classifier itself can. */
  dispose(): void;
};

/**
 * A classifier for several attacks on the same batch. It keeps the values that it computes from modalities that an attack
 * leaves unchanged, for the next attack that leaves the same modalities unchanged and is given the same tensors. Call
 * `dispose()` after the batch; if weights change before that, the kept values still are those of the old weights.
 * @param classifier without `frozen` there is nothing to share
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { classifierOf, fgsm, pgd, sharingBranches } from '@amr/attacks';
 * const [audio, video] = [input({ shape: [4], name: 'audio' }), input({ shape: [3], name: 'video' })];
 * const joined = layers.concatenate().apply([audio, video]) as SymbolicTensor;
 * const logits = layers.dense({ units: 2 }).apply(joined) as SymbolicTensor;
 * const classifier = sharingBranches(classifierOf(model({ inputs: [audio, video], outputs: logits })));
 * const batch = { audio: tf.randomNormal([5, 4]), video: tf.randomNormal([5, 3]) };
 * const labels = tf.zeros([5], 'int32') as tf.Tensor1D;
 * for (const attack of [fgsm, pgd]) { // the video's branch is computed once
 *   tf.dispose(await attack({ audio: { norm: 'l2', epsilon: 1 } }).perturb(classifier, batch, labels));
 * }
 * classifier.dispose();
 * ```
 */
export function sharingBranches(classifier: Classifier): SharingClassifier {
  checkClassifier(classifier);
  return shareBranches(classifier).classifier;
}

/** The classifier of {@link sharingBranches}, and classifiers for parts of a batch. */
export interface SharedBranches {
  /** For whole batches. */
  classifier: SharingClassifier;
  /**
   * A classifier for some rows of a batch, which takes their values from those of the whole batch. If these aren't known, they
   * are computed when the rows are half of the batch or more.
   * @param rows their indices, int32; keep the tensor as long as the result
   */
  ofRows(batch: Modalities, rows: tf.Tensor1D): Classifier;
}

/** The classifiers that share computed values. */
export function shareBranches(classifier: Classifier): SharedBranches {
  const known: { inputs: Modalities; modalities: readonly string[]; frozen: FrozenClassifier }[] = [];
  const knownOf = (inputs: Modalities, modalities: readonly string[]) => {
    const names = [...modalities].sort();
    return known.find(
      (entry) =>
        `${entry.modalities}` === `${names}` && names.every((name) => entry.inputs[name] === inputs[name]),
    )?.frozen;
  };
  const wholeOf = (inputs: Modalities, modalities: string[]) => {
    const same = knownOf(inputs, modalities);
    if (same) return same;
    const frozen = classifier.frozen!(inputs, modalities);
    known.push({ inputs: { ...inputs }, modalities: [...modalities].sort(), frozen });
    return frozen;
  };
  const dispose = () => {
    for (const { frozen } of known.splice(0)) frozen.dispose();
  };
  return {
    classifier: Object.assign(
      withFrozen(classifier, (inputs, modalities) => borrowed(wholeOf(inputs, modalities))),
      { dispose },
    ),
    ofRows: (batch, rows) =>
      withFrozen(classifier, (inputs, modalities) => {
        const atLeastHalf = 2 * rows.size >= Object.values(batch)[0]!.shape[0]!;
        const whole = atLeastHalf ? wholeOf(batch, modalities) : knownOf(batch, modalities);
        return whole?.take?.(rows) ?? classifier.frozen!(inputs, modalities);
      }),
  };
}

/** The classifier with another `frozen`, if it has one. */
function withFrozen(classifier: Classifier, frozen: NonNullable<Classifier['frozen']>): Classifier {
  const result: Classifier = (inputs) => classifier(inputs);
  if (classifier.observe) result.observe = (inputs, names) => classifier.observe!(inputs, names);
  if (classifier.frozen) result.frozen = frozen;
  return result;
}

/** A frozen classifier that its caller may dispose of without freeing the values. */
function borrowed(frozen: FrozenClassifier): FrozenClassifier {
  const result: FrozenClassifier = Object.assign((inputs: Modalities) => frozen(inputs), { dispose() {} });
  if (frozen.observe) result.observe = (inputs, names) => frozen.observe!(inputs, names);
  if (frozen.take) result.take = (rows) => frozen.take!(rows);
  return result;
}
