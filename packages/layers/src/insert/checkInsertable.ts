import { formatValue, isPromise } from '@amr/internal';
import { LayersModel } from '@tensorflow/tfjs-layers';
import { InsertionError } from '../errors.js';

/**
 * Refuses what has no layers behind which a reweighter could be inserted.
 * @param name the argument, for the message
 * @throws {InsertionError}
 */
export function checkInsertable(name: string, model: unknown): asserts model is LayersModel {
  const fail = (message: string): never => {
    throw new InsertionError(`${name}: got ${message}`);
  };
  const expected =
    'expected a LayersModel, as tf.model(), tf.sequential() or loadLayersModel() of this copy of @tensorflow/tfjs-layers returns';
  const given = model as { executeAsync?: unknown } | null | undefined;
  if (isPromise(model)) fail(`a promise; ${expected}. Await it.`);
  if (typeof given?.executeAsync === 'function') {
    fail(
      `a GraphModel; ${expected}. A GraphModel has no layers behind which a reweighter could be inserted, and its weights are ` +
        'constants, which nothing could train. Export the model as a LayersModel (tensorflowjs_converter with ' +
        '--output_format=tfjs_layers_model), or build its layers and load their weights.',
    );
  }
  if (!(model instanceof LayersModel)) fail(`${formatValue(model)}; ${expected}.`);
  if ((model as LayersModel).inputs.length === 0) {
    fail(
      'a Sequential without layers; expected one that is built. Add its layers first, with the option inputShape in the first of them.',
    );
  }
}
