import type { Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TrainOptionError } from '../errors.js';
import { auxiliaryNames, portsOf, runModel } from '../model/modelOutputs.js';
import { rejectUnknownOptions } from '../options.js';

/**
 * The weights that a model gives its modalities, by name: tensors whose first axis is the batch; further axes
 * (channels) are averaged. It is called within tf.tidy.
 */
export type WeightsOf = (inputs: Modalities) => { [modality: string]: tf.Tensor };

/** Options of {@link modalityWeightsOf}. */
export interface ModalityWeightsOptions {
  /** Names of the outputs that hold weights, [batch, columns] each. Default: all that aren't `logits` or `<modality>Logits`. */
  outputs?: readonly string[];
  /** The modalities in the order of the columns. Default: the model's input names. */
  modalities?: readonly string[];
  /** Number of columns of each modality, which are averaged. Default: 1 each, a weight for each modality. */
  channels?: readonly number[];
}

/**
 * Reads the weights of a model that returns them next to its logits. With several such outputs, one for each stage, the
 * names are `<output>: <modality>`.
 * @throws {TrainOptionError} when an option is unknown, there is no such output, or it has another number of columns
 */
export function modalityWeightsOf(model: LayersModel, options: ModalityWeightsOptions = {}): WeightsOf {
  rejectUnknownOptions('modalityWeightsOf', options, [
    'outputs',
    'modalities',
    'channels',
  ] satisfies (keyof ModalityWeightsOptions)[]);
  const ports = portsOf(model);
  const logits = new Set(['logits', ...auxiliaryNames(ports.outputs)]);
  const outputs = options.outputs ?? ports.outputs.filter((name) => !logits.has(name));
  const modalities = options.modalities ?? ports.inputs;
  const channels = [...(options.channels ?? modalities.map(() => 1))];
  const columns = channels.reduce((sum, count) => sum + count, 0);
  if (outputs.length === 0) {
    throw new TrainOptionError(
      `model: got the outputs [${ports.outputs.join(', ')}]; expected one with modality weights. Build the fusion layer ` +
        'with returnWeights and make its weights an output.',
    );
  }
  if (channels.length !== modalities.length) {
    throw new TrainOptionError(
      `modalityWeightsOf.channels: got [${channels.join(', ')}]; expected a number for each of [${modalities.join(', ')}].`,
    );
  }
  for (const name of outputs) checkOutput(model, ports.outputs, name, columns);
  return (inputs) => {
    const results = runModel(model, ports, inputs, false);
    return Object.fromEntries(
      outputs.flatMap((name) =>
        tf
          .split(results[name]!, channels, 1)
          .map((part, i) => [outputs.length === 1 ? modalities[i]! : `${name}: ${modalities[i]}`, part]),
      ),
    );
  };
}

function checkOutput(model: LayersModel, outputs: readonly string[], name: string, columns: number): void {
  if (!outputs.includes(name)) {
    throw new TrainOptionError(
      `modalityWeightsOf.outputs: got '${name}'; expected names among the model's outputs [${outputs.join(', ')}].`,
    );
  }
  const { shape } = model.outputs[outputs.indexOf(name)]!;
  if (shape.length !== 2 || shape[1] !== columns) {
    throw new TrainOptionError(
      `model: got the output '${name}' of shape [${shape.map((size) => size ?? 'batch').join(', ')}]; expected weights ` +
        `of shape [batch, ${columns}]. Give channels when a modality has several columns.`,
    );
  }
}
