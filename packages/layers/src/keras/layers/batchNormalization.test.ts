import { values } from '@amr/testing/attacks/models';
import { useOn } from '@amr/testing/backends/useOn';
import { noise } from '@amr/testing/tensors/noise';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import * as tf from '@tensorflow/tfjs-core';
import { layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { BatchNormalization } from '../../keras.js';

const SHAPE = [2, 3, 2, 2, 3];
const clip = () => tf.tensor(noise(72, 1), SHAPE);
/** gamma, beta, moving mean, moving variance of three channels. */
const WEIGHTS = [[2, 0.5, 1], [0.1, -1, 3], [0.2, 0, -0.3], [4, 0.25, 1]]; // biome-ignore format: one row per weight
const weights = () => WEIGHTS.map((weight) => tf.tensor1d(weight));

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta, for a value of a channel. */
const normalized = (x: number, c: number, mean: number, variance: number) =>
  ((x - mean) / Math.sqrt(variance + 1e-3)) * WEIGHTS[0]![c]! + WEIGHTS[1]![c]!;

function expectClose(got: tf.Tensor, expected: readonly number[]): void {
  // Single precision, at values below 10.
  values(got).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 4);
  });
}

describe.each(['cpu', 'wasm', 'onnx'] as const)('BatchNormalization of rank 5 on %s', (backend) => {
  if (backend !== 'cpu') useOn(backend);

  it('normalises by the moving statistics', () => {
    const layer = new BatchNormalization();
    layer.apply(clip());
    layer.setWeights(weights());
    const expected = values(clip()).map((x, i) =>
      normalized(x, i % 3, WEIGHTS[2]![i % 3]!, WEIGHTS[3]![i % 3]!),
    );
    expectClose(layer.apply(clip()) as tf.Tensor, expected);
  });

  it("normalises by the batch's statistics in training, and moves its own towards them", () => {
    const layer = new BatchNormalization({ momentum: 0.9 });
    layer.apply(clip());
    layer.setWeights(weights());
    const all = values(clip());
    const channel = (c: number) => all.filter((_, i) => i % 3 === c);
    const mean = [0, 1, 2].map((c) => channel(c).reduce((sum, x) => sum + x, 0) / 24);
    const variance = [0, 1, 2].map((c) => channel(c).reduce((sum, x) => sum + (x - mean[c]!) ** 2, 0) / 24);
    const before = tf.memory().numTensors;
    const y = layer.apply(clip(), { training: true }) as tf.Tensor;
    // The clip and the result.
    expect(tf.memory().numTensors).toBe(before + 2);
    expectClose(
      y,
      all.map((x, i) => normalized(x, i % 3, mean[i % 3]!, variance[i % 3]!)),
    );
    const [, , movingMean, movingVariance] = layer.getWeights();
    expectClose(
      movingMean!,
      mean.map((m, c) => 0.9 * WEIGHTS[2]![c]! + 0.1 * m),
    );
    expectClose(
      movingVariance!,
      variance.map((v, c) => 0.9 * WEIGHTS[3]![c]! + 0.1 * v),
    );
  });

  it('normalises another axis than the last', () => {
    const first = new BatchNormalization({ axis: 1 });
    const last = new BatchNormalization();
    const turned = tf.transpose(clip(), [0, 2, 3, 4, 1]);
    for (const [layer, x] of [
      [first, clip()],
      [last, turned],
    ] as const) {
      // biome-ignore format: two pairs
      layer.apply(x);
      layer.setWeights(weights());
    }
    const expected = tf.transpose(last.apply(turned) as tf.Tensor, [0, 4, 1, 2, 3]);
    expectClose(first.apply(clip()) as tf.Tensor, values(expected));
  });

  it('works without gamma and beta, in training as well', () => {
    const layer = new BatchNormalization({ scale: false, center: false });
    const y = layer.apply(clip(), { training: true }) as tf.Tensor;
    const { mean, variance } = tf.moments(y, [0, 1, 2, 3]);
    expectClose(mean, [0, 0, 0]);
    // Epsilon is 1e-3 of a variance of about 1/3.
    for (const v of values(variance)) expect(Math.abs(v - 1)).toBeLessThan(0.01);
  });

  it.each([false, true])('has the gradient that finite differences give, training %s', (training) => {
    const layer = new BatchNormalization();
    layer.apply(clip());
    layer.setWeights(weights());
    // The batch's statistics mix the rows, so that only a batch of one has slopes per row.
    const x = training ? tf.slice(clip(), 0, 1) : clip();
    const weighting = tf.tensor(noise(x.size, 2), x.shape);
    expectSlopes((point) => {
      const y = tf.tanh(layer.apply(point, { training }) as tf.Tensor);
      return tf.sum(tf.mul(y, weighting), [1, 2, 3, 4]) as tf.Tensor1D;
    }, x);
  });
});

describe('BatchNormalization', () => {
  it.each([
    ['2', [6, 3]],
    ['3', [2, 3, 3]],
    ['4', [2, 2, 3, 3]],
  ])('is that of tfjs-layers, bit for bit, in rank %s', (_, shape) => {
    const x = tf.tensor(noise(tf.util.sizeFromShape(shape), 3), shape);
    const both = [new BatchNormalization({ momentum: 0.8 }), layers.batchNormalization({ momentum: 0.8 })];
    const results = both.map((layer) => {
      layer.apply(x);
      layer.setWeights(weights());
      const trained = layer.apply(x, { training: true }) as tf.Tensor;
      const slope = tf.grad((point) => tf.square(layer.apply(point) as tf.Tensor))(x);
      return [layer.apply(x) as tf.Tensor, trained, slope, ...layer.getWeights()].map(values);
    });
    expect(results[0]).toEqual(results[1]);
  });

  it.each([3, 4])('trains without gamma and beta in rank %i', (rank) => {
    const shape = [...[2, 3, 4, 5].slice(4 - rank), 3].slice(-rank);
    const layer = new BatchNormalization({ scale: false, center: false });
    const y = layer.apply(tf.tensor(noise(tf.util.sizeFromShape(shape), 6), shape), { training: true });
    const { mean, variance } = tf.moments(tf.reshape(y as tf.Tensor, [-1, 3]), 0);
    expectClose(mean, [0, 0, 0]);
    for (const v of values(variance)) expect(Math.abs(v - 1)).toBeLessThan(0.02);
  });

  it('is the layer that a saved model loads, under the same name, with the same bits', async () => {
    const model = sequential({ layers: [layers.batchNormalization({ inputShape: [4] })] });
    const x = tf.tensor(noise(12, 4), [3, 4]);
    let artifacts: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = saved;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await loadLayersModel(tf.io.fromMemory(artifacts!));
    expect(loaded.layers.at(-1)).toBeInstanceOf(BatchNormalization);
    expect(loaded.layers.at(-1)!.getClassName()).toBe('BatchNormalization');
    expect(loaded.layers.at(-1)!.getConfig()).toEqual(model.layers.at(-1)!.getConfig());
    expect(values(loaded.predict(x) as tf.Tensor)).toEqual(values(model.predict(x) as tf.Tensor));
  });
});
