import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { adjacency } from '../skeleton/adjacency.js';
import { jolt, reloaded } from '../testing/reloaded.js';
import { expectGradientsOfDifferences } from '../testing/slopes.js';
import { GraphConvolution } from './graphConvolution.js';

const edges = adjacency({ joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }, 'spatial'); // biome-ignore format: bones
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('GraphConvolution', () => {
  it('is the sum over partitions and joints', () => {
    const layer = new GraphConvolution({ filters: 2, adjacency: edges, seed: 1 });
    const x = random([2, 2, 3, 4, 3], 1) as tf.Tensor5D;
    layer.build(x.shape);
    jolt(layer);
    const y = (layer.apply(x) as tf.Tensor5D).arraySync();
    const [kernel, bias, importance] = layer.getWeights().map((weight) => weight.arraySync()) as [
      number[][][],
      number[][],
      number[][][],
    ];
    const given = x.arraySync();
    for (const [b, bodies] of given.entries())
      for (const [m, frames] of bodies.entries())
        for (const [t, joints] of frames.entries())
          for (let w = 0; w < 4; w++)
            for (let o = 0; o < 2; o++) {
              let sum = 0;
              for (let k = 0; k < 3; k++)
                for (const [v, joint] of joints.entries()) {
                  const features = joint.reduce(
                    (inner, value, c) => inner + value * kernel[k]![c]![o]!,
                    bias[k]![o]!,
                  );
                  sum += edges[k]![v]![w]! * importance[k]![v]![w]! * features;
                }
              expect(y[b]![m]![t]![w]![o]).toBeCloseTo(sum, 4);
            }
  });

  it('has the gradients of finite differences, for the edges too', () => {
    const layer = new GraphConvolution({ filters: 2, adjacency: edges, seed: 1 });
    const x = random([1, 1, 2, 4, 3], 1);
    layer.build(x.shape);
    jolt(layer);
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
    const objective = () => tf.sum(tf.sin(layer.apply(x) as tf.Tensor)) as tf.Scalar;
    const { grads } = tf.variableGrads(objective);
    const weights = layer.getWeights().map((weight) => tf.clone(weight));
    for (const [i, { name }] of layer.trainableWeights.entries()) {
      const direction = random(weights[i]!.shape, 7 + i);
      const at = (sign: number) => {
        layer.setWeights(weights.map((w, j) => (i === j ? tf.add(w, tf.mul(direction, sign * 5e-3)) : w)));
        return objective().dataSync()[0]!;
      };
      const slope = (at(1) - at(-1)) / 1e-2;
      layer.setWeights(weights);
      expect(tf.sum(tf.mul(grads[name]!, direction)).dataSync()[0]).toBeCloseTo(slope, 1);
    }
  });

  it('trains the edges themselves from where they start, with learnedEdges', () => {
    const config = { filters: 2, adjacency: edges, seed: 1 };
    const learned = new GraphConvolution({ ...config, learnedEdges: true });
    const fixed = new GraphConvolution({ ...config, edgeImportance: false });
    const x = random([1, 1, 2, 4, 3], 1);
    const y = learned.apply(x) as tf.Tensor;
    expect(y.dataSync()).toEqual((fixed.apply(x) as tf.Tensor).dataSync());
    expect(learned.getConfig()).toMatchObject({ learnedEdges: true, edgeImportance: false });
    const [kernel, bias, start] = learned.getWeights().map((weight) => tf.clone(weight)) as tf.Tensor[];
    expect(start!.arraySync()).toEqual(
      edges.map((m) => m.map((row) => row.map((v) => expect.closeTo(v, 6)))),
    );
    const { grads } = tf.variableGrads(() => tf.sum(tf.sin(learned.apply(x) as tf.Tensor)) as tf.Scalar);
    const along = random(start!.shape, 3);
    const at = (sign: number) => {
      learned.setWeights([kernel!, bias!, tf.add(start!, tf.mul(along, sign * 5e-3))]);
      return tf.sum(tf.sin(learned.apply(x) as tf.Tensor)).dataSync()[0]!;
    };
    const gradient = grads[learned.trainableWeights[2]!.name]!;
    expect(tf.sum(tf.mul(gradient, along)).dataSync()[0]).toBeCloseTo((at(1) - at(-1)) / 1e-2, 1);
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [1, 3, 4, 3] });
    const config = { filters: 5, adjacency: edges, edgeImportance: false, learnedEdges: true, seed: 8 };
    const outputs = new GraphConvolution({ ...config, name: 'graph' }).apply(x) as SymbolicTensor;
    expect(outputs.shape).toEqual([null, 1, 3, 4, 5]);
    const original = model({ inputs: x, outputs });
    jolt(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('graph').getConfig()).toMatchObject(config);
    expect(copy.weights.length).toBe(3);
    const batch = random([2, 1, 3, 4, 3], 2);
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(
      (original.predict(batch) as tf.Tensor).dataSync(),
    );
  });

  it('refuses another number of joints', () => {
    expect(() => new GraphConvolution({ filters: 2, adjacency: edges }).build([null, 1, 3, 5, 3])).toThrow(
      /5 joints and an adjacency of 4/,
    );
  });
});
