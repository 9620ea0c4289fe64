import type { Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import type { ReportConfig, WeightSums } from '../report/data/reportData.js';
import type { WeightsOf } from './modalityWeights.js';

/** Adds up modality weights batch by batch. */
export class WeightRecorder {
  /** The sums so far. */
  readonly sums: WeightSums;
  readonly #weightsOf: WeightsOf;

  constructor(weightsOf: WeightsOf, { conditions, attacks }: ReportConfig) {
    this.#weightsOf = weightsOf;
    const perAttack = () => Object.fromEntries(attacks.map((name) => [name, {}]));
    this.sums = {
      count: 0,
      clean: {},
      attacked: Object.fromEntries(conditions.map(({ name }) => [name, perAttack()])),
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
