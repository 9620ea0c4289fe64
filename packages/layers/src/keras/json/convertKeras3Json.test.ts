import { readFileSync } from 'node:fs';
import { values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { LayerError } from '../../index.js';
import { BatchNormalization, convertKeras3Json } from '../../keras.js';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../test-data/keras3/${name}.json`, import.meta.url), 'utf8');

/** Loads what Keras 3 wrote, with these weights. */
async function load(json: string | object, weights: { [name: string]: tf.Tensor }) {
  const data = Object.values(weights).map((weight) => new Uint8Array(weight.dataSync().slice().buffer));
  return loadLayersModel(
    tf.io.fromMemory({
      modelTopology: convertKeras3Json(json),
      weightSpecs: Object.entries(weights).map(([name, { shape, dtype }]) => ({
        name,
        shape,
        dtype: dtype as 'float32',
      })),
      weightData: tf.io.concatenateArrayBuffers(data.map(({ buffer }) => buffer as ArrayBuffer)),
    }),
  );
}

const policy = {
  module: 'keras',
  class_name: 'DTypePolicy',
  config: { name: 'mixed_float16' },
  registered_name: null,
};
const layer = (class_name: string, config: object) => ({
  module: 'keras.layers',
  class_name,
  config: { name: 'layer', trainable: true, dtype: policy, ...config },
  registered_name: null,
});
const sequential = (batch_shape: (number | null)[], ...layers: object[]) => ({
  module: 'keras',
  class_name: 'Sequential',
  config: {
    name: 'model',
    trainable: true,
    dtype: policy,
    layers: [
      { ...layer('InputLayer', {}), config: { batch_shape, dtype: 'float32', sparse: false, name: 'input' } },
      ...layers,
    ],
    build_input_shape: batch_shape,
  },
  registered_name: null,
});

const silu = (x: number) => x / (1 + Math.exp(-x));

describe('convertKeras3Json', () => {
  it('reads a Sequential video network as Keras 3 writes it', async () => {
    const model = await load(fixture('sequential'), {
      'conv3d/kernel': tf.tensor5d([2], [1, 1, 1, 1, 1]),
      'conv3d/bias': tf.tensor1d([1]),
      'batch_normalization/gamma': tf.tensor1d([1]),
      'batch_normalization/beta': tf.tensor1d([0]),
      'batch_normalization/moving_mean': tf.tensor1d([3]),
      // With epsilon, 1e-3, the variance is 4.
      'batch_normalization/moving_variance': tf.tensor1d([3.999]),
      'dense/kernel': tf.tensor2d([[1, -1]]),
      'dense/bias': tf.tensor1d([0, 0.5]),
    });
    expect(model.layers.some((one) => one instanceof BatchNormalization)).toBe(true);
    expect(model.inputs[0]!.shape).toEqual([null, 2, 2, 2, 1]);
    // The mean of 0 to 7 is 3.5; 2 * 3.5 + 1 = 8; (8 - 3) / 2 = 2.5.
    const y = model.predict(tf.tensor5d([0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 2, 2, 1])) as tf.Tensor;
    const expected = [silu(2.5), silu(-2)];
    values(y).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('reads a functional network with two inputs, a mask, operations and a nested model', async () => {
    const model = await load(fixture('functional'), {
      'rgb_features/kernel': tf.tensor2d([[1], [2]]),
      'rgb_features/bias': tf.tensor1d([-1]),
      'logits/kernel': tf.tensor2d([[1, 0], [0, 1]]), // biome-ignore format: two rows
      'logits/bias': tf.tensor1d([0, 10]),
    });
    expect(model.inputs.map(({ name }) => name)).toEqual(['rgb', 'skeleton']);
    expect(model.layers.map(({ name }) => name)).not.toContain('not_equal');
    const y = model.predict([
      tf.tensor2d([[1, 1], [3, 1]]), // biome-ignore format: two rows
      // Means of the frames that are not hidden: 3 and 1.
      tf.tensor3d([1, 5, 0, 1, 1, 1], [2, 3, 1]),
    ]) as tf.Tensor;
    // rgb: 1 + 2 - 1 = 2 and 3 + 2 - 1 = 4; minus the skeleton: -1 and 3; LeakyReLU: -0.5 and 3; plus rgb: 1.5 and 7.
    expect(values(y)).toEqual([1.5, 9.5, 7, 13]);
  });

  it('takes the text, the object, and either inside a model file', () => {
    const text = fixture('sequential');
    const expected = convertKeras3Json(text);
    const object = JSON.parse(text);
    expect(convertKeras3Json(object)).toEqual(expected);
    expect(convertKeras3Json({ model_config: object })).toEqual(expected);
    expect(convertKeras3Json({ format: 'layers-model', modelTopology: { model_config: object } })).toEqual(
      expected,
    );
    expect(object).toEqual(JSON.parse(text));
  });

  it('computes hard_sigmoid as Keras 3 does', async () => {
    const model = await load(sequential([null, 3], layer('Activation', { activation: 'hard_sigmoid' })), {});
    const y = values(model.predict(tf.tensor2d([[-2, 1, 4]])) as tf.Tensor);
    [1 / 6, 4 / 6, 1].forEach((value, i) => {
      expect(y[i]).toBeCloseTo(value, 6);
    });
  });

  it('reads a bidirectional GRU in its default form, and dropout', async () => {
    const gru = (name: string, go_backwards: boolean) => ({
      ...layer('GRU', {
        name,
        units: 1,
        activation: 'tanh',
        recurrent_activation: 'sigmoid',
        reset_after: true,
        go_backwards,
        return_sequences: false,
        zero_output_for_mask: false,
        kernel_initializer: {
          module: 'keras.initializers',
          class_name: 'Ones',
          config: {},
          registered_name: null,
        },
        recurrent_initializer: {
          module: 'keras.initializers',
          class_name: 'OrthogonalInitializer',
          config: { gain: 1, seed: null },
          registered_name: null,
        },
        seed: null,
      }),
    });
    const json = sequential(
      [null, 1, 1],
      layer('SpatialDropout1D', { name: 'dropout', rate: 0.2, seed: null, noise_shape: null }),
      layer('Bidirectional', {
        name: 'both',
        merge_mode: 'concat',
        layer: gru('forward_gru', false),
        backward_layer: gru('backward_gru', true),
      }),
    );
    const weights = (kernel: number) => ({ kernel: tf.tensor2d([[0, 0, kernel]]), bias: tf.zeros([2, 3]) });
    const [forward, backward] = [weights(1), weights(2)];
    const model = await load(json, {
      'both/forward_forward_gru/kernel': forward.kernel,
      'both/forward_forward_gru/recurrent_kernel': tf.zeros([1, 3]),
      'both/forward_forward_gru/bias': forward.bias,
      'both/backward_forward_gru/kernel': backward.kernel,
      'both/backward_forward_gru/recurrent_kernel': tf.zeros([1, 3]),
      'both/backward_forward_gru/bias': backward.bias,
    });
    const y = values(model.predict(tf.tensor3d([[[0.5]]])) as tf.Tensor);
    // The gates are 1/2, so that the state is half the candidate.
    [Math.tanh(0.5) / 2, Math.tanh(1) / 2].forEach((value, i) => {
      expect(y[i]).toBeCloseTo(value, 6);
    });
  });

  it('leaves the meaning of JSON of Keras 2 as it is', async () => {
    const json = {
      class_name: 'Sequential',
      config: {
        name: 'old',
        layers: [
          {
            class_name: 'Dense',
            config: {
              name: 'dense',
              batch_input_shape: [null, 1],
              dtype: 'float32',
              units: 1,
              activation: 'relu',
            },
          },
        ],
      },
      keras_version: '2.15.0',
    };
    const model = await load(json, { 'dense/kernel': tf.tensor2d([[2]]), 'dense/bias': tf.tensor1d([1]) });
    expect(values(model.predict(tf.tensor2d([[3], [-3]])) as tf.Tensor)).toEqual([7, 0]);
  });

  it.each<[string, object | string, RegExp]>([
    ['no JSON', 'model', /json: got a text that isn't JSON/],
    ['no model', { a: 1 }, /json: got .*expected the JSON of a model/],
    ['a layer', layer('Dense', { units: 1 }), /expected the JSON of a model/],
    [
      'groups',
      sequential([null, 4, 4], layer('Conv1D', { groups: 2 })),
      /layer 'layer', option groups: got 2; expected 1/,
    ],
    [
      'a threshold',
      sequential([null, 4], layer('ReLU', { threshold: 1 })),
      /option threshold: got 1; expected 0/,
    ],
    [
      "one's own activation",
      sequential(
        [null, 4],
        layer('Dense', { activation: { module: 'builtins', class_name: 'function', config: 'mine' } }),
      ),
      /layer 'layer', option activation: got 'mine'; expected one of Keras's/,
    ],
    [
      'a regulariser that tfjs has not',
      sequential(
        [null, 4],
        layer('Dense', { kernel_regularizer: { class_name: 'OrthogonalRegularizer', config: {} } }),
      ),
      /a regularizer: got 'OrthogonalRegularizer'/,
    ],
  ])('refuses %s', (_, json, message) => {
    expect(() => convertKeras3Json(json)).toThrow(message);
    expect(() => convertKeras3Json(json)).toThrow(LayerError);
  });

  it('reads a nested functional model', async () => {
    const tensor = (name: string, call: number) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 1], dtype: 'float32', keras_history: [name, call, 0] },
    });
    const inputLayer = (name: string) => ({
      ...layer('InputLayer', {}),
      config: { batch_shape: [null, 1], dtype: 'float32', sparse: false, name },
      name,
      inbound_nodes: [],
    });
    const functional = (name: string, layers: object[], input: string, output: [string, number, number]) => ({
      module: 'keras.src.models.functional',
      class_name: 'Functional',
      config: { name, trainable: true, layers, input_layers: [[input, 0, 0]], output_layers: [output] },
      registered_name: 'Functional',
      name,
    });
    const dense = { ...layer('Dense', { name: 'dense', units: 1 }), name: 'dense' };
    const call = (from: string, node = 0) => ({ args: [tensor(from, node)], kwargs: {} });
    const inside = [inputLayer('x'), { ...dense, inbound_nodes: [call('x')] }];
    const inner = functional('inner', inside, 'x', ['dense', 0, 0]);
    // Keras counts a functional model's own layers as its first call.
    const outside = [inputLayer('y'), { ...inner, inbound_nodes: [call('y'), call('inner', 1)] }];
    const outer = functional('outer', outside, 'y', ['inner', 2, 0]);
    const model = await load(outer, { 'dense/kernel': tf.tensor2d([[3]]), 'dense/bias': tf.tensor1d([1]) });
    expect(values(model.predict(tf.tensor2d([[2]])) as tf.Tensor)).toEqual([22]);
  });

  it.each<[string, (call: Call) => unknown, RegExp]>([
    ['further tensors', ({ args }) => args.push(args[0]), /'logits', called with 2 tensors in 2 arguments/],
    ['further arguments', ({ args }) => args.push(3), /'logits', called with further arguments/],
    [
      'a tensor by name',
      ({ args, kwargs }) => Object.assign(kwargs, { states: args[0] }),
      /called with the argument states/,
    ],
    [
      'a mask from elsewhere',
      ({ args, kwargs }) => Object.assign(kwargs, { mask: args[0] }),
      /'logits', called with a mask/,
    ],
    [
      'training',
      ({ kwargs }) => Object.assign(kwargs, { training: true }),
      /'logits', called with training: got true/,
    ],
    [
      'a mask as a value',
      ({ args }) =>
        (args[0] as { config: { keras_history: unknown[] } }).config.keras_history.splice(0, 1, 'any'),
      /'logits', called with the mask: got 'any'/,
    ],
  ])('refuses a call with %s', (_, change, message) => {
    const json = JSON.parse(fixture('functional'));
    change(json.config.layers.at(-1).inbound_nodes[0]);
    expect(() => convertKeras3Json(json)).toThrow(message);
  });

  it('refuses an operation for which there is no layer', () => {
    const text = fixture('functional').replace('"class_name": "Add"', '"class_name": "Matmul"');
    expect(() => convertKeras3Json(text)).toThrow(
      /the operation 'add': got 'Matmul'; expected a layer, or one of Add/,
    );
  });
});

/** One call of a layer in Keras 3's JSON. */
interface Call {
  args: unknown[];
  kwargs: { [name: string]: unknown };
}
