import { type Check, counted, inconclusive, passed, warning } from '../checkContext/check.js';
import { relativeDifference } from '../checkContext/relativeDifference.js';

/** More than another order of summation makes of a row, far less than batch statistics do. */
const TOLERANCE = 1e-3;

/** Whether a sample's logits depend on the other samples of its batch, as with batch statistics in training mode. */
export const batchDependence: Check = {
  name: 'batch-dependence',
  async run(subject) {
    const { samples, classes, inputs } = subject;
    if (samples < 2) return inconclusive('It takes two samples or more to tell.', { samples });
    const half = Math.floor(samples / 2);
    const first = await subject.logitsOf(inputs);
    const again = await subject.logitsOf(inputs);
    if (relativeDifference(again, first, classes).some((apart) => apart > TOLERANCE)) {
      return inconclusive("The classifier is random, so that the batch's part in it can't be seen.", {
        samples,
      });
    }
    const alone = await subject.with([...Array(half).keys()], (part) => subject.logitsOf(part.inputs));
    const apart = relativeDifference(alone, first.subarray(0, half * classes), classes);
    const differing = apart.filter((difference) => difference > TOLERANCE).length;
    const figures = { samples: half, differing, difference: Math.max(...apart) };
    return differing > 0
      ? warning(
          `The logits of ${counted(differing, half)} change by up to ${figures.difference.toPrecision(2)} of their length when the other half of the batch is left out. The attack can then use one sample to change another, and accuracies depend on the batch size. Run the model in inference mode, with moving averages in batch normalisation.`,
          figures,
        )
      : passed('Logits do not depend on the other samples of the batch.', figures);
  },
};
