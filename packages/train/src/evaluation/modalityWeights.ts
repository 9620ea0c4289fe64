import type { Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TrainOptionError } from '../errors.js';
import { portsOf, runModel } from '../model/modelOutputs.js';
import { auxiliaryNames } from '../training/objective.js';

/**
 * The weights that a model gives its modalities, by name: tensors whose first axis is the batch; further axes
 * (channels) are averaged. Called within tf.tidy.
 */
export type WeightsOf = (inputs: Modalities) => { [modality: string]: tf.Tensor };

/** Options of {@link modalityWeightsOf}. */
export interface ModalityWeightsOptions {
  /** Names of the outputs that hold weights, [batch, columns] each. Default: all that aren't logits. */
  outputs?: readonly string[];
  /** The modalities in the order of the columns. Default: the model's input names. */
  modalities?: readonly string[];
  /** Number of columns that belong to each modality; they are averaged. Default: 1 each, a weight per modality. */
  channels?: readonly number[];
}

/**
 * Reads the weights of a model that returns them beside its logits. With several such outputs, one for each stage, the
 * names are `<output>: <modality>`.
 * @throws {TrainOptionError} when there is no such output, or one doesn't have that many columns
 */
export function modalityWeightsOf(model: LayersModel, options: ModalityWeightsOptions = {}): WeightsOf {
  const ports = portsOf(model);
  const heads = new Set(['logits', ...auxiliaryNames(ports.outputs)]);
  const outputs = options.outputs ?? ports.outputs.filter((name) => !heads.has(name));
  const modalities = options.modalities ?? ports.inputs;
  const channels = [...(options.channels ?? modalities.map(() => 1))];
  const columns = channels.reduce((sum, count) => sum + count, 0);
  if (outputs.length === 0) {
    throw new TrainOptionError(`the model returns no weights: its outputs are [${ports.outputs.join(', ')}]`);
  }
  if (channels.length !== modalities.length) {
    throw new TrainOptionError(`channels: expected a number for each of [${modalities}], got [${channels}]`);
  }
  for (const name of outputs) {
    const shape = model.outputs[ports.outputs.indexOf(name)]?.shape;
    if (shape?.length !== 2 || shape[1] !== columns) {
      throw new TrainOptionError(
        `output '${name}' should hold weights of shape [batch, ${columns}], it has ` +
          `${shape ? `[${shape.map((size) => size ?? 'batch').join(', ')}]; give channels when there are several for a modality` : 'no place among the outputs'}`,
      );
    }
  }
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

/** Sums over samples, for means that can be joined with those of other shards. */
export interface WeightSums {
  /** Number of samples: those that are right without an attack, so that clean and attacked means are of the same ones. */
  count: number;
  /** Sum of each weight on the clean samples. */
  clean: { [modality: string]: number };
  /** Sum of each weight on the attacked samples, by condition and attack. */
  attacked: { [condition: string]: { [attack: string]: { [modality: string]: number } } };
}

/** Adds up modality weights batch by batch. */
export class MeanWeights {
  readonly sums: WeightSums;
  readonly #weightsOf: WeightsOf;

  constructor(
    weightsOf: WeightsOf,
    conditions: readonly (readonly [string, unknown])[],
    attacks: readonly (readonly [string, unknown])[],
  ) {
    this.#weightsOf = weightsOf;
    const perAttack = () => Object.fromEntries(attacks.map(([name]) => [name, {}]));
    this.sums = {
      count: 0,
      clean: {},
      attacked: Object.fromEntries(conditions.map(([name]) => [name, perAttack()])),
    };
  }

  /** Adds a batch of clean samples. */
  async addClean(inputs: Modalities): Promise<void> {
    this.sums.count += Object.values(inputs)[0]!.shape[0]!;
    await this.#add(inputs, this.sums.clean);
  }

  /** Adds the same samples after an attack. */
  async addAttacked(condition: string, attack: string, inputs: Modalities): Promise<void> {
    await this.#add(inputs, this.sums.attacked[condition]![attack]!);
  }

  async #add(inputs: Modalities, to: { [modality: string]: number }): Promise<void> {
    let names: string[] = [];
    const totals = tf.tidy(() => {
      const weights = Object.entries(this.#weightsOf(inputs));
      names = weights.map(([name]) => name);
      return tf.stack(
        weights.map(([, tensor]) => {
          const rows = tf.reshape(tensor, [tensor.shape[0]!, -1]);
          return tf.sum(tf.mean(rows, 1));
        }),
      );
    });
    const values = await totals.data().finally(() => totals.dispose());
    names.forEach((name, i) => {
      to[name] = (to[name] ?? 0) + values[i]!;
    });
  }
}
