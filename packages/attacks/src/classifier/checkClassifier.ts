import { isPromise, mismatch } from '@amr/internal';
import { AttackInputError } from '../errors.js';
import { isGraphModel } from './graphModel/graphModelLike.js';
import { isLayersModel } from './layersModel/isLayersModel.js';

/**
 * Refuses what is not a classifier, with the likeliest reason for it: a model that isn't wrapped, a promise of one.
 * @throws {AttackInputError}
 */
export function checkClassifier(classifier: unknown): void {
  if (typeof classifier === 'function') return;
  const expected = 'a function from inputs by name to logits';
  if (isLayersModel(classifier) || isGraphModel(classifier)) {
    throw new AttackInputError(
      `classifier: got a model; expected ${expected}. Wrap it in classifierOf(model).`,
    );
  }
  if (isPromise(classifier)) {
    throw new AttackInputError(
      `classifier: got a promise; expected ${expected}. Await the model, and wrap it in classifierOf(model).`,
    );
  }
  throw new AttackInputError(
    mismatch('classifier', classifier, expected, 'classifierOf(model) makes one from a model.'),
  );
}
