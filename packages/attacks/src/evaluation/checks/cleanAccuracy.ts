import { type Check, counted, passed, percent, warning } from '../checkContext/check.js';

/** Whether the classifier does better than a guess without an attack: if not, inputs, labels or classes don't fit. */
export const cleanAccuracy: Check = {
  name: 'clean-accuracy',
  async run({ correct, samples, classes }) {
    const accuracy = correct.length / samples;
    const figures = { correct: correct.length, samples, classes, accuracy };
    const seen = `Without an attack ${counted(correct.length, samples)} (${percent(accuracy)}) are classified correctly`;
    return accuracy > 1 / classes
      ? passed(`${seen}.`, figures)
      : warning(
          `${seen}, no more than a guess among ${classes} classes would be. Robust accuracy says nothing of such a classifier; see whether the inputs are scaled as in training and the labels count the classes in the same order.`,
          figures,
        );
  },
};
