import { type Check, counted, inconclusive, passed, warning } from '../checkContext/check.js';
import { relativeDifference } from '../checkContext/relativeDifference.js';

/** More than another order of summation changes a row, and far less than batch statistics do. */
const TOLERANCE = 1e-3;

/** Whether a sample's logits depend on the other samples of its batch, as with batch statistics in training mode. */
export const batchDependence: Check = {
  name: 'batch-dependence',
  async run(context) {
    const { samples, classes, inputs } = context;
    if (samples < 2) return inconclusive('The check needs two samples or more.', { samples });
    const half = Math.floor(samples / 2);
    const first = await context.logitsOf(inputs);
    const again = await context.logitsOf(inputs);
    if (relativeDifference(again, first, classes).some((difference) => difference > TOLERANCE)) {
      return inconclusive('The classifier is random, which hides the effect of the batch.', {
        samples,
      });
    }
    const alone = await context.withRows([...Array(half).keys()], (batch) => context.logitsOf(batch.inputs));
    const differences = relativeDifference(alone, first.subarray(0, half * classes), classes);
    const differing = differences.filter((difference) => difference > TOLERANCE).length;
    const figures = { samples: half, differing, difference: Math.max(...differences) };
    return differing > 0
      ? warning(
          `The logits of ${counted(differing, half)} change by up to ${figures.difference.toPrecision(2)} of their length when the other half of the batch is left out. The attack can then use one sample to change another, and accuracies depend on the batch size. Run the model in inference mode, with moving averages in batch normalisation.`,
          figures,
        )
      : passed('Logits do not depend on the other samples of the batch.', figures);
  },
};
