import { type Check, counted, passed, percent, warning } from '../checkContext/check.js';

/** Whether the classifier is better than a guess without an attack. If not, inputs, labels or classes don't match. */
export const cleanAccuracy: Check = {
  name: 'clean-accuracy',
  async run({ correct, samples, classes }) {
    const accuracy = correct.length / samples;
    const figures = { correct: correct.length, samples, classes, accuracy };
    const seen = `Without an attack ${counted(correct.length, samples)} (${percent(accuracy)}) are classified correctly`;
    return accuracy > 1 / classes
      ? passed(`${seen}.`, figures)
      : warning(
          `${seen}, no better than a guess among ${classes} classes. Robust accuracy means nothing for such a classifier. Check that the inputs are scaled as in training and that the labels number the classes in the same order.`,
          figures,
        );
  },
};
