import { type Check, counted, passed, warning } from '../checkContext/check.js';
import { relativeDifference } from '../checkContext/relativeDifference.js';

/** Calls of the classifier that are compared, and the relative difference that counts, as in AutoAttack's check_randomized. */
const CALLS = 5;
const TOLERANCE = 1e-4;

/** Whether the classifier returns the same logits each time. */
export const randomness: Check = {
  name: 'randomness',
  async run(context) {
    const { samples, classes, inputs, logits } = context;
    const differing = new Set<number>();
    let difference = 0;
    for (let call = 1; call < CALLS; call++) {
      context.options.signal?.throwIfAborted();
      const again = await context.logitsOf(inputs);
      relativeDifference(again, logits, classes).forEach((rowDifference, row) => {
        difference = Math.max(difference, rowDifference);
        if (rowDifference > TOLERANCE) differing.add(row);
      });
    }
    const figures = { samples, differing: differing.size, calls: CALLS, difference };
    return differing.size > 0
      ? warning(
          `The logits of ${counted(differing.size, samples)} differ between ${CALLS} calls with the same inputs, by up to ${difference.toPrecision(2)} of their length: the classifier is random. A single gradient is then noisy and one prediction is a matter of luck. Switch off dropout and noise, or attack the mean over several draws (EOT) and repeat the evaluation.`,
          figures,
        )
      : passed(`${CALLS} calls with the same inputs give the same logits.`, figures);
  },
};
