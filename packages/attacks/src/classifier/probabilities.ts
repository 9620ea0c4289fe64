import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';

/** Fewer rows than these may add up to 1 by chance, so they aren't judged. */
const MIN_ROWS = 4;
/** How far a row's sum may be from 1, and an entry below 0: a softmax in half precision rounds by up to 5e-4. */
const TOLERANCE = 1e-3;

/**
 * Refuses outputs that are probabilities instead of logits. Attacks would follow the softmax of a softmax, whose gradient
 * vanishes where the model is sure, and a model that any attack fools would come out as robust.
 *
 * Outputs count as probabilities if they are `[batch, classes]` with four rows or more, no entry is negative and every row
 * adds up to 1, both within 1e-3. Outputs whose rows are all one-hot are votes, not probabilities. Attacks make this check
 * by themselves, once for each call of `perturb`.
 * @param outputs what a classifier returned for a batch; it stays the caller's
 * @param name what returned them, for the message
 * @throws {AttackInputError} when they are probabilities
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { refuseProbabilities } from '@amr/attacks';
 * const logits = tf.randomNormal([8, 3]);
 * await refuseProbabilities(logits); // nothing happens
 * await refuseProbabilities(tf.softmax(logits)).catch((error) => console.log(error.code)); // AMR_ATTACK_INPUT
 * ```
 */
export async function refuseProbabilities(outputs: tf.Tensor, name = 'classifier'): Promise<void> {
  const flag = areProbabilities(outputs);
  if (!flag) return;
  try {
    throwIfProbabilities((await flag.data())[0] === 1, name);
  } finally {
    flag.dispose();
  }
}

/** Checks the first outputs of a classifier that an attack computes anyway. */
export class FirstOutputs {
  #judged: boolean;
  #flag: tf.Scalar | undefined;

  /** @param allowProbabilities whether nothing is checked */
  constructor(allowProbabilities: boolean) {
    this.#judged = allowProbabilities;
  }

  /** Judges the first outputs on the backend, without reading anything back; ignores all later ones. */
  note(outputs: tf.Tensor): void {
    if (this.#judged) return;
    this.#judged = true;
    const flag = areProbabilities(outputs);
    this.#flag = flag && tf.keep(flag);
  }

  /**
   * Reads the judgement back, once.
   * @throws {AttackInputError} when the outputs are probabilities
   */
  async check(): Promise<void> {
    const flag = this.#flag;
    if (!flag) return;
    this.#flag = undefined;
    throwIfProbabilities((await flag.data().finally(() => flag.dispose()))[0] === 1, 'classifier');
  }

  /** Frees a judgement that wasn't read. */
  dispose(): void {
    this.#flag?.dispose();
    this.#flag = undefined;
  }
}

/** 1 if the outputs are probabilities, else 0; undefined for outputs that aren't judged. */
function areProbabilities(outputs: tf.Tensor): tf.Scalar | undefined {
  const [rows = 0, classes = 0] = outputs.shape;
  if (outputs.rank !== 2 || rows < MIN_ROWS || classes < 2) return undefined;
  return tf.tidy(() => {
    const values = tf.cast(outputs, 'float32');
    const sums = tf.all<tf.Scalar>(tf.lessEqual(tf.abs(tf.sub(tf.sum(values, 1), 1)), TOLERANCE));
    const positive = tf.greaterEqual(tf.min<tf.Scalar>(values), -TOLERANCE);
    // A row that adds up to 1 without negative entries is one-hot if its largest entry is 1.
    const soft = tf.less(tf.min<tf.Scalar>(tf.max(values, 1)), 1);
    return tf.cast<tf.Scalar>(tf.logicalAnd(tf.logicalAnd(sums, positive), soft) as tf.Scalar, 'float32');
  });
}

function throwIfProbabilities(found: boolean, name: string): void {
  if (!found) return;
  throw new AttackInputError(
    `${name}: got outputs that are probabilities, as every row adds up to 1 and nothing is negative; expected logits, the values in front of the softmax. ` +
      'Make the classifier with classifierOf(model), which removes a softmax at the end of a model, or return the logits; where there are none, as in an average of several softmaxes, return their logarithm. ' +
      'Set allowProbabilities to true to attack the outputs as they are.',
  );
}
