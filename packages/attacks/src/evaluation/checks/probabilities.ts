import { PROBABILITY_TOLERANCE as TOLERANCE } from '../../classifier/probabilities.js';
import { type Check, passed, warning } from '../checkContext/check.js';

/** Whether the outputs are probabilities instead of logits (AutoAttack's check_range_output). */
export const probabilities: Check = {
  name: 'probabilities',
  async run({ logits, samples, classes }) {
    const smallest = logits.reduce((a, b) => Math.min(a, b), Infinity);
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const sumError = Math.max(
      ...Array.from({ length: samples }, (_, row) =>
        Math.abs(1 - logits.subarray(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0)),
      ),
    );
    const figures = { smallest, largest };
    const areProbabilities = smallest >= -TOLERANCE && largest <= 1 + TOLERANCE && sumError <= TOLERANCE;
    return areProbabilities
      ? warning(
          `The outputs lie in [0, 1] and add up to 1 in every row: the classifier ends in a softmax. Attacks then follow the softmax of a softmax, whose gradient vanishes, and robust accuracy comes out too high. Attack the logits, before the softmax.`,
          figures,
        )
      : passed('The outputs are not probabilities.', figures);
  },
};
