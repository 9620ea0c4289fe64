import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';

/** Fewer rows than these may add up to 1 by chance, so they aren't judged. */
const MIN_ROWS = 4;
/** How far a row's sum may be from 1, and an entry below 0: a softmax in half precision rounds by up to 5e-4. */
export const PROBABILITY_TOLERANCE = 1e-3;

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

/** Checks the first outputs of a classifier, and the heads that a loss uses as logits, as an attack computes them anyway. */
export class FirstOutputs {
  readonly #allowed: boolean;
  #judged = false;
  readonly #flags: { flag: tf.Scalar; name: string; advice?: string }[] = [];

  /** @param allowProbabilities whether nothing is checked */
  constructor(allowProbabilities: boolean) {
    this.#allowed = allowProbabilities;
  }

  /** Judges the first outputs on the backend, without reading anything back; ignores all later ones. */
  note(outputs: tf.Tensor): void {
    if (this.#judged) return;
    this.#judged = true;
    this.#add(outputs, 'classifier');
  }

  /** Judges the values of another output or layer, of which a loss says that they are logits. */
  noteHead(head: string, values: tf.Tensor): void {
    const advice = `Name a layer in front of the softmax, or make the output logits: logitsOf(model, { output: '${head}' }).`;
    this.#add(values, `The head '${head}'`, advice);
  }

  /**
   * Reads the judgements back, once.
   * @throws {AttackInputError} when the outputs are probabilities
   */
  async check(): Promise<void> {
    const flags = this.#flags.splice(0);
    try {
      for (const { flag, name, advice } of flags) {
        throwIfProbabilities((await flag.data())[0] === 1, name, advice);
      }
    } finally {
      for (const { flag } of flags) flag.dispose();
    }
  }

  /** Frees judgements that weren't read. */
  dispose(): void {
    for (const { flag } of this.#flags.splice(0)) flag.dispose();
  }

  #add(outputs: tf.Tensor, name: string, advice?: string): void {
    const flag = this.#allowed ? undefined : areProbabilities(outputs);
    if (flag) this.#flags.push({ flag: tf.keep(flag), name, ...(advice && { advice }) });
  }
}

/** 1 if the outputs are probabilities, else 0; undefined for outputs that aren't judged. */
function areProbabilities(outputs: tf.Tensor): tf.Scalar | undefined {
  const [rows = 0, classes = 0] = outputs.shape;
  if (outputs.rank !== 2 || rows < MIN_ROWS || classes < 2) return undefined;
  return tf.tidy(() => {
    const values = tf.cast(outputs, 'float32');
    const sums = tf.all<tf.Scalar>(tf.lessEqual(tf.abs(tf.sub(tf.sum(values, 1), 1)), PROBABILITY_TOLERANCE));
    const positive = tf.greaterEqual(tf.min<tf.Scalar>(values), -PROBABILITY_TOLERANCE);
    // A row that adds up to 1 without negative entries is one-hot if its largest entry is 1.
    const soft = tf.less(tf.min<tf.Scalar>(tf.max(values, 1)), 1);
    return tf.cast<tf.Scalar>(tf.logicalAnd(tf.logicalAnd(sums, positive), soft) as tf.Scalar, 'float32');
  });
}

const ADVICE =
  'Make the classifier with classifierOf(model), which removes a softmax at the end of a model, or return the logits. Probabilities that come from no logits, such as an average of several softmaxes, need another way: return their logarithm.';

function throwIfProbabilities(found: boolean, name: string, advice = ADVICE): void {
  if (!found) return;
  throw new AttackInputError(
    `${name}: got outputs that are probabilities, as every row adds up to 1 and nothing is negative; expected logits, the values in front of the softmax. ` +
      `${advice} Set allowProbabilities to true to attack the outputs as they are.`,
  );
}
