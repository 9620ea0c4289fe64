import { isPromise, mismatch } from '@amr/internal';
import { TrainOptionError } from '../errors.js';

/**
 * Refuses what can't be trained, with the likeliest reason for it: a GraphModel, a promise of a model, an empty Sequential.
 * @throws {TrainOptionError}
 */
export function checkModel(model: unknown): void {
  const given = (model ?? {}) as { [key: string]: unknown };
  const expected = 'a LayersModel or Sequential';
  if (isPromise(model)) {
    throw new TrainOptionError(
      `model: got a promise; expected ${expected}. Await it: await loadLayersModel(...).`,
    );
  }
  if ('runInternalGraph' in given && Array.isArray(given['outputs']) && Array.isArray(given['inputs'])) {
    if (given['inputs'].length > 0 && given['outputs'].length > 0) return;
    throw new TrainOptionError(
      'model: got a Sequential without layers; expected one that is built. Add its layers first, with the option inputShape ' +
        'in the first of them.',
    );
  }
  if (typeof given['execute'] === 'function' && typeof given['executeAsync'] === 'function') {
    throw new TrainOptionError(
      `model: got a GraphModel; expected ${expected}. The weights of a GraphModel are constants, so there is nothing to train: ` +
        'convert the original with --output_format=tfjs_layers_model. Attacks take GraphModels, through classifierOf.',
    );
  }
  const advice =
    model === undefined
      ? 'A function that loads a model asynchronously has not finished: await it.'
      : undefined;
  throw new TrainOptionError(mismatch('model', model, expected, advice));
}
