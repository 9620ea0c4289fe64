import { values } from '@amr/testing/attacks/models';
import { useOn } from '@amr/testing/backends/useOn';
import { noise } from '@amr/testing/tensors/noise';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, models } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import '../../keras.js';

const UNITS = 2;
// The default, an orthogonal matrix, needs chained operations, which tfjs-core lacks under Node.
const GLOROT = { class_name: 'GlorotUniform', config: { seed: 3 } };
const x = () => tf.tensor3d(noise(2 * 4 * 3, 1), [2, 4, 3]);

/** A model of one GRU, from JSON as a file holds it. */
async function gru(config: object): Promise<LayersModel> {
  const layer = {
    class_name: 'GRU',
    config: {
      name: 'gru',
      units: UNITS,
      batch_input_shape: [null, 4, 3],
      recurrent_activation: 'sigmoid',
      recurrent_initializer: GLOROT,
      ...config,
    },
  };
  const model = await models.modelFromJSON({
    modelTopology: { class_name: 'Sequential', config: { name: 'model', layers: [layer] } },
  } as never);
  return model;
}

/** The definition, in double precision: states after each step of one sequence. */
function reference(sequence: number[][], [kernel, recurrent, bias]: tf.Tensor[]): number[][] {
  const [W, U, b] = [kernel, recurrent, bias].map((t) => t!.arraySync() as number[][]);
  const product = (v: number[], M: number[][], column: number) =>
    v.reduce((sum, value, i) => sum + value * M[i]![column]!, 0);
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  let h = [0, 0];
  return sequence.map((input) => {
    h = h.map((state, u) => {
      const [z, r, n] = [0, 1, 2].map((gate) => {
        const column = gate * UNITS + u;
        return [
          product(input, W!, column) + b![0]![column]!,
          product(h, U!, column) + b![1]![column]!,
        ] as const;
      });
      const [update, reset] = [sigmoid(z![0] + z![1]), sigmoid(r![0] + r![1])];
      return update * state + (1 - update) * Math.tanh(n![0] + reset * n![1]);
    });
    return h;
  });
}

describe.each(['cpu', 'wasm', 'onnx'] as const)(
  'GRU with the reset gate behind the product, on %s',
  (backend) => {
    if (backend !== 'cpu') useOn(backend);

    it('computes its definition, with two biases', async () => {
      const model = await gru({ reset_after: true, return_sequences: true });
      const shapes = model.getWeights().map(({ shape }) => shape);
      expect(shapes).toEqual([
        [3, 6],
        [2, 6],
        [2, 6],
      ]);
      model.setWeights(
        shapes.map((shape, i) => tf.tensor(noise(tf.util.sizeFromShape(shape), 5 + i), shape)),
      );
      const expected = (x().arraySync() as number[][][])
        .map((one) => reference(one, model.getWeights()))
        .flat(2);
      values(model.predict(x()) as tf.Tensor).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 5);
      });
    });

    it('has the gradient that finite differences give', async () => {
      const model = await gru({
        reset_after: true,
        bias_initializer: { class_name: 'RandomNormal', config: { stddev: 1 } },
      });
      expectSlopes((point) => tf.sum(model.apply(point) as tf.Tensor, 1) as tf.Tensor1D, x());
    });
  },
);

describe('GRU', () => {
  it('is that of tfjs-layers without reset_after, bit for bit', async () => {
    const model = await gru({ reset_after: false });
    const stock = layers.gru({
      units: UNITS,
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'glorotUniform',
    });
    stock.apply(x());
    stock.setWeights(model.getWeights());
    expect(values(model.predict(x()) as tf.Tensor)).toEqual(values(stock.apply(x()) as tf.Tensor));
  });

  it('is saved and loaded with its form', async () => {
    const model = await gru({ reset_after: true, use_bias: false });
    const again = await models.modelFromJSON({
      modelTopology: JSON.parse(model.toJSON() as string),
    } as never);
    again.setWeights(model.getWeights());
    expect(again.layers.at(-1)!.getConfig()['resetAfter']).toBe(true);
    expect(values(again.predict(x()) as tf.Tensor)).toEqual(values(model.predict(x()) as tf.Tensor));
  });

  it('drops the same inputs in each step of a sequence, only in training, and keeps no tensor', async () => {
    const model = await gru({ reset_after: true, dropout: 0.5, recurrent_dropout: 0.5 });
    const still = values(model.predict(x()) as tf.Tensor);
    expect(values(model.predict(x()) as tf.Tensor)).toEqual(still);
    const trained = values(model.apply(x(), { training: true }) as tf.Tensor);
    expect(trained).not.toEqual(still);
    const before = tf.memory().numTensors;
    // Each call makes its input and its output, and replaces the two masks of the call before.
    (model.apply(x(), { training: true }) as tf.Tensor).dispose();
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  it('learns', async () => {
    const model = await gru({ reset_after: true });
    model.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
    const target = tf.tensor2d([[0.5, -0.5], [-0.5, 0.5]]); // biome-ignore format: two rows
    const { history } = await model.fit(x(), target, { epochs: 20, verbose: 0 });
    expect(history['loss']!.at(-1) as number).toBeLessThan(0.5 * (history['loss']![0] as number));
  });
});
