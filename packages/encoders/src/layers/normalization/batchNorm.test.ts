import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchNorm } from './batchNorm.js';

const values = (x: tf.Tensor | tf.Tensor[] | SymbolicTensor | SymbolicTensor[]) =>
  (x as tf.Tensor).dataSync();
const random = (shape: number[], seed: number, mean = 0) => tf.randomNormal(shape, mean, 1, 'float32', seed);

describe('BatchNorm', () => {
  it('keeps symbolic shapes at ranks 2 to 5, also with weights', () => {
    for (const shape of [[3], [4, 3], [4, 5, 3], [2, 4, 5, 3]]) {
      expect((new BatchNorm().apply(input({ shape })) as SymbolicTensor).shape).toEqual([null, ...shape]);
    }
    const weighted = new BatchNorm().apply([input({ shape: [2, 5, 3] }), input({ shape: [2] })]);
    expect((weighted as SymbolicTensor).shape).toEqual([null, 2, 5, 3]);
  });

  it('normalises each channel of a batch, at any rank and size, and updates its moving statistics', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(shape, fc.integer({ min: 0, max: 1e6 }), (sizes, seed) => {
        fc.pre(sizes.slice(0, -1).reduce((a, b) => a * b) > 1);
        tf.tidy(() => {
          const layer = new BatchNorm({ momentum: 0.75, epsilon: 1e-3 });
          const x = random(sizes, seed, 3);
          const y = values(layer.apply(x, { training: true }));
          const channels = sizes.at(-1)!;
          const rows = x.size / channels;
          const [, , movingMean, movingVariance] = layer.getWeights() as tf.Tensor[];
          const columns = x.dataSync();
          for (let c = 0; c < channels; c++) {
            const column = Array.from({ length: rows }, (_, r) => columns[r * channels + c]!);
            const mean = column.reduce((a, b) => a + b) / rows;
            const squares = column.reduce((sum, v) => sum + (v - mean) ** 2, 0);
            for (const [r, v] of column.entries()) {
              expect(y[r * channels + c]).toBeCloseTo((v - mean) / Math.sqrt(squares / rows + 1e-3), 3);
            }
            expect(movingMean!.dataSync()[c]).toBeCloseTo(0.25 * mean, 4);
            expect(movingVariance!.dataSync()[c]).toBeCloseTo(0.75 + (0.25 * squares) / (rows - 1), 3);
          }
        });
      }),
      { numRuns: 20 },
    );
  });

  it('scales and shifts by the moving statistics otherwise, and does not change them', () => {
    const layer = new BatchNorm();
    layer.build([null, 2]);
    layer.setWeights([
      tf.tensor1d([2, 3]),
      tf.tensor1d([1, -1]),
      tf.tensor1d([5, 0]),
      tf.tensor1d([4, 0.25]),
    ]);
    const y = values(layer.apply(tf.tensor2d([[7, 1], [5, 0]]))); // biome-ignore format: a matrix
    expect([...y]).toEqual([3, 5, 1, -1].map((v) => expect.closeTo(v, 3)));
    expect([...layer.getWeights()[2]!.dataSync()]).toEqual([5, 0]);
  });

  it('leaves out rows of weight 0, as if they were not in the batch', () => {
    const x = random([2, 2, 3, 2], 1);
    const weights = tf.tensor2d([[1, 0], [1, 1]]); // biome-ignore format: a matrix
    const rows = tf.reshape(x, [4, 3, 2]);
    const kept = tf.concat([tf.slice(rows, [0, 0, 0], [1, 3, 2]), tf.slice(rows, [2, 0, 0], [2, 3, 2])]);
    const weighted = new BatchNorm();
    const plain = new BatchNorm();
    const y = values(weighted.apply([x, weights], { training: true }));
    const expected = values(plain.apply(kept, { training: true }));
    expect([...y.slice(0, 6), ...y.slice(12)]).toEqual([...expected].map((v) => expect.closeTo(v, 4)));
    for (const i of [2, 3]) {
      const moved = [...plain.getWeights()[i]!.dataSync()];
      expect([...weighted.getWeights()[i]!.dataSync()]).toEqual(moved.map((v) => expect.closeTo(v, 5)));
    }
  });

  it('keeps its statistics when no row counts', () => {
    const layer = new BatchNorm();
    const y = layer.apply([random([2, 2, 3], 1), tf.zeros([2, 2])], { training: true });
    expect([...values(y)].every(Number.isFinite)).toBe(true);
    const [, , movingMean, movingVariance] = layer.getWeights();
    expect([...movingMean!.dataSync(), ...movingVariance!.dataSync()]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it.each([true, false])('has the gradients of finite differences, training: %s', (training) => {
    const layer = new BatchNorm();
    const x = random([2, 2, 3, 2], 3);
    const weights = tf.tensor2d([[1, 0], [1, 1]]); // biome-ignore format: a matrix
    layer.build([null, 2, 3, 2]);
    perturbWeights(layer);
    const apply = (...given: tf.Tensor[]) => layer.apply(given, { training }) as tf.Tensor;
    expectGradientsOfDifferences((z) => apply(z), [x]);
    expectGradientsOfDifferences((z) => apply(z, weights), [x]);
    const { grads } = tf.variableGrads(() => tf.sum(tf.square(apply(x))) as tf.Scalar);
    const [gamma, beta] = layer.getWeights().map((weight) => tf.clone(weight)) as [tf.Tensor, tf.Tensor];
    const rest = layer.getWeights().slice(2);
    for (const [i, name] of layer.trainableWeights.map((weight) => weight.name).entries()) {
      const at = (sign: number) => {
        const move = (w: tf.Tensor, j: number) => (i === j ? tf.add(w, sign * 1e-2) : w);
        layer.setWeights([move(gamma, 0), move(beta, 1), ...rest]);
        return tf.sum(tf.square(apply(x))).dataSync()[0]!;
      };
      const slope = (at(1) - at(-1)) / 2e-2;
      expect(tf.sum(grads[name]!).dataSync()[0]! / slope).toBeCloseTo(1, 2);
      layer.setWeights([gamma, beta, ...rest]);
    }
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [2, 3] });
    const layer = new BatchNorm({ epsilon: 1e-3, momentum: 0.5, name: 'norm' });
    const original = model({ inputs: x, outputs: layer.apply(x) as SymbolicTensor });
    perturbWeights(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('norm').getConfig()).toMatchObject({ epsilon: 1e-3, momentum: 0.5 });
    const batch = random([2, 2, 3], 1);
    expect(values(copy.predict(batch))).toEqual(values(original.predict(batch)));
    expect(copy.trainableWeights.length).toBe(2);
  });

  it('leaves no tensor behind', () => {
    const layer = new BatchNorm();
    const x = random([4, 3], 1);
    tf.dispose(layer.apply(x, { training: true }) as tf.Tensor);
    const before = tf.memory().numTensors;
    tf.dispose(layer.apply(x, { training: true }) as tf.Tensor);
    tf.dispose(tf.grad((z) => layer.apply(z, { training: true }) as tf.Tensor)(x));
    expect(tf.memory().numTensors).toBe(before);
  });
});
