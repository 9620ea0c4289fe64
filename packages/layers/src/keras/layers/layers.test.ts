import { values } from '@amr/testing/attacks/models';
import { noise } from '@amr/testing/tensors/noise';
import * as tf from '@tensorflow/tfjs-core';
import { layers, models, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  GlobalAveragePooling3D,
  GlobalMaxPooling3D,
  Normalization,
  SpatialDropout2D,
  SpatialDropout3D,
  Subtract,
  ZeroPadding1D,
  ZeroPadding3D,
} from '../../keras.js';

const clip = () => tf.tensor(noise(2 * 3 * 2 * 2 * 2, 1), [2, 3, 2, 2, 2]);

/** The layer after a trip through the JSON of a saved model. */
async function reloaded(layer: layers.Layer, inputShape: number[]): Promise<layers.Layer> {
  const model = sequential({ layers: [layers.inputLayer({ inputShape }), layer] });
  const loaded = await models.modelFromJSON({ modelTopology: JSON.parse(model.toJSON() as string) } as never);
  return loaded.layers.at(-1)!;
}

/** Applies a layer that JSON describes. */
async function fromJson(class_name: string, config: object, x: tf.Tensor): Promise<tf.Tensor> {
  const layer = {
    class_name,
    config: { name: 'layer', batch_input_shape: [null, ...x.shape.slice(1)], ...config },
  };
  const model = await models.modelFromJSON({
    modelTopology: { class_name: 'Sequential', config: { name: 'model', layers: [layer] } },
  } as never);
  return model.predict(x) as tf.Tensor;
}

describe('layers that tfjs-layers has not', () => {
  it.each<[string, layers.Layer, number[]]>([
    ['GlobalAveragePooling3D', new GlobalAveragePooling3D({ keepdims: true }), [3, 2, 2, 4]],
    ['GlobalMaxPooling3D', new GlobalMaxPooling3D({ dataFormat: 'channelsFirst' }), [3, 2, 2, 4]],
    ['Normalization', new Normalization({ mean: [1, 2], variance: [3, 4] }), [2]],
    ['SpatialDropout2D', new SpatialDropout2D({ rate: 0.3 }), [4, 4, 2]],
    ['SpatialDropout3D', new SpatialDropout3D({ rate: 0.3, seed: 4 }), [4, 4, 2, 2]],
    ['ZeroPadding1D', new ZeroPadding1D({ padding: [2, 1] }), [4, 2]],
    ['ZeroPadding3D', new ZeroPadding3D({ padding: [1, [0, 2], 3] }), [4, 2, 2, 1]],
  ])(
    '%s is saved and loaded, and its output has the shape that it states',
    async (name, layer, inputShape) => {
      const again = await reloaded(layer, inputShape);
      expect(again.getClassName()).toBe(name);
      expect(again.getConfig()).toEqual(layer.getConfig());
      const y = again.apply(tf.ones([2, ...inputShape])) as tf.Tensor;
      expect(y.shape).toEqual(again.computeOutputShape([2, ...inputShape]));
      expect(values(y)).toEqual(values(layer.apply(tf.ones([2, ...inputShape])) as tf.Tensor));
    },
  );

  it('GlobalAveragePooling3D and GlobalMaxPooling3D pool all axes but batch and channels', () => {
    const all = values(clip());
    const row = (batch: number, channel: number) =>
      all.filter((_, i) => Math.floor(i / 24) === batch && i % 2 === channel);
    const mean = (list: number[]) => list.reduce((sum, v) => sum + v, 0) / list.length;
    const rows = [row(0, 0), row(0, 1), row(1, 0), row(1, 1)];
    values(new GlobalAveragePooling3D().apply(clip()) as tf.Tensor).forEach((value, i) => {
      expect(value).toBeCloseTo(mean(rows[i]!), 6);
    });
    const turned = tf.transpose(clip(), [0, 4, 1, 2, 3]);
    const greatest = new GlobalMaxPooling3D({ dataFormat: 'channelsFirst' }).apply(turned) as tf.Tensor;
    expect(values(greatest)).toEqual(rows.map((list) => Math.max(...list)));
  });

  it('Subtract subtracts the second input, and refuses another number of them', () => {
    const [a, b] = [tf.tensor2d([[3, 4]]), tf.tensor2d([[1, 6]])];
    expect(values(new Subtract().apply([a, b]) as tf.Tensor)).toEqual([2, -2]);
    expect(() => new Subtract({ name: 'difference' }).apply([a, b, a])).toThrow(
      /^difference.inputs: got 3; expected 2/,
    );
  });

  it('Normalization uses its weights, which broadcast to the axes that they are for', async () => {
    const x = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4]);
    const layer = new Normalization({ axis: [1] });
    layer.apply(x);
    expect(layer.getWeights().map(({ shape, dtype }) => [shape, dtype])).toEqual([
      [[2], 'float32'],
      [[2], 'float32'],
      [[], 'int32'],
    ]);
    expect(layer.trainableWeights).toEqual([]);
    layer.setWeights([tf.tensor1d([1, 5]), tf.tensor1d([4, 1]), tf.scalar(9, 'int32')]);
    expect(values(layer.apply(x) as tf.Tensor)).toEqual([0, 0.5, 1, 1.5, 0, 1, 2, 3]);
    const inverse = new Normalization({ axis: null, mean: 1, variance: 4, invert: true });
    expect(values(inverse.apply(tf.tensor2d([[0, 0.5]])) as tf.Tensor)).toEqual([1, 2]);
    expect(() => new Normalization({ mean: 1, name: 'n' })).toThrow(/^n.variance: got null; expected one if/);
  });

  it('SpatialDropout drops whole channels in training, and keeps the mean', () => {
    const x = tf.ones([8, 3, 3, 50]);
    const layer = new SpatialDropout2D({ rate: 0.4 });
    expect(values(layer.apply(x) as tf.Tensor).every((v) => v === 1)).toBe(true);
    const y = layer.apply(x, { training: true }) as tf.Tensor;
    const spread = tf.sub(tf.max(y, [1, 2]), tf.min(y, [1, 2]));
    expect(values(tf.max(spread))).toEqual([0]);
    // 400 channels of 0 or 1 / 0.6: the mean is within four standard errors, 0.16, of 1.
    expect(Math.abs(values(tf.mean(y))[0]! - 1)).toBeLessThan(0.17);
  });

  it('ZeroPadding pads what its layout says', () => {
    const padded = new ZeroPadding1D({ padding: [1, 2] }).apply(tf.ones([1, 2, 1])) as tf.Tensor;
    expect(values(padded)).toEqual([0, 1, 1, 0, 0]);
    const first = new ZeroPadding3D({ padding: [[1, 0], 0, 0], dataFormat: 'channelsFirst' });
    expect(values(first.apply(tf.ones([1, 1, 1, 1, 2])) as tf.Tensor)).toEqual([0, 0, 1, 1]);
    expect(() => new ZeroPadding3D({ padding: [1, 2], name: 'p' })).toThrow(
      /^p.padding: got \[1, 2\]; expected/,
    );
    expect(() => new ZeroPadding1D({ padding: -1, name: 'p' })).toThrow(/^p.padding: got -1; expected/);
  });
});

describe('layers of tfjs-layers with options that it ignores or refuses', () => {
  it('Conv1D pads in front only when it is causal, also with dilation, and strides', async () => {
    const kernel = { className: 'Ones', config: {} };
    const config = { filters: 1, kernel_size: 2, padding: 'causal', kernel_initializer: kernel };
    const x = tf.tensor3d([1, 2, 4, 8, 16], [1, 5, 1]);
    expect(values(await fromJson('Conv1D', config, x))).toEqual([1, 3, 6, 12, 24]);
    expect(values(await fromJson('Conv1D', { ...config, dilation_rate: 2 }, x))).toEqual([1, 2, 5, 10, 20]);
    const strided = await fromJson('Conv1D', { ...config, strides: 2, activation: 'relu' }, x);
    expect(values(strided)).toEqual([1, 6, 24]);
  });

  it('Conv1D with other padding is that of tfjs-layers, bit for bit', async () => {
    const x = tf.tensor(noise(2 * 6 * 3, 2), [2, 6, 3]);
    const stock = layers.conv1d({ filters: 2, kernelSize: 3, padding: 'same' });
    const expected = stock.apply(x) as tf.Tensor;
    const again = await reloaded(stock, [6, 3]);
    again.setWeights(stock.getWeights());
    expect(values(again.apply(x) as tf.Tensor)).toEqual(values(expected));
  });

  it.each([
    ['GlobalAveragePooling1D', [2, 4, 3], [2, 1, 3]],
    ['GlobalMaxPooling1D', [2, 4, 3], [2, 1, 3]],
    ['GlobalAveragePooling2D', [2, 4, 5, 3], [2, 1, 1, 3]],
    ['GlobalMaxPooling2D', [2, 4, 5, 3], [2, 1, 1, 3]],
  ])('%s keeps the axes when told to', async (name, shape, kept) => {
    const x = tf.tensor(noise(tf.util.sizeFromShape(shape), 3), shape);
    const plain = await fromJson(name, {}, x);
    const wide = await fromJson(name, { keepdims: true }, x);
    expect(plain.shape).toEqual([2, 3]);
    expect(wide.shape).toEqual(kept);
    expect(values(wide)).toEqual(values(plain));
    const stock = {
      GlobalAveragePooling1D: layers.globalAveragePooling1d,
      GlobalMaxPooling1D: layers.globalMaxPooling1d,
    };
    if (name in stock)
      expect(values(stock[name as keyof typeof stock]().apply(x) as tf.Tensor)).toEqual(values(plain));
  });
});

describe('activations that tfjs has not', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const expected: [string, (x: number) => number][] = [
    ['silu', (x) => x * sigmoid(x)],
    ['swish', (x) => x * sigmoid(x)],
    ['hard_sigmoid3', (x) => Math.min(6, Math.max(0, x + 3)) / 6],
    ['hard_sigmoid', (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5))],
    ['hard_silu', (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6],
    ['hard_swish', (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6],
    ['hard_tanh', (x) => Math.min(1, Math.max(-1, x))],
    ['leaky_relu', (x) => (x > 0 ? x : 0.2 * x)],
    ['exponential', Math.exp],
    ['celu', (x) => (x > 0 ? x : Math.expm1(x))],
    ['log_sigmoid', (x) => Math.log(sigmoid(x))],
    ['squareplus', (x) => (x + Math.sqrt(x * x + 4)) / 2],
    ['tanh_shrink', (x) => x - Math.tanh(x)],
    ['gelu', (x) => x * [0.0013499, 0.158655, 0.5, 0.691462, 0.999767][[-3, -1, 0, 0.5, 3.5].indexOf(x)]!],
  ];

  it.each(expected)('%s has its values and is saved by its name', async (activation, f) => {
    const points = [-3, -1, 0, 0.5, 3.5];
    const y = await fromJson('Activation', { activation }, tf.tensor2d([points]));
    values(y).forEach((value, i) => {
      expect(value).toBeCloseTo(f(points[i]!), 4);
    });
  });

  it('are found by a layer that is built', () => {
    const x = layers.dense({ units: 1, activation: 'silu' as 'swish', kernelInitializer: 'ones' });
    expect(values(x.apply(tf.tensor2d([[2]])) as tf.Tensor)[0]).toBeCloseTo(2 * sigmoid(2), 5);
  });
});
