import { edges, everyGraphLayer } from '@amr/testing/networks/graphLayer';
import { perturbWeights } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { GraphConvolution } from './graphConvolution.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

everyGraphLayer(GraphConvolution, { filters: 5, edgeImportance: true, seed: 8 });
everyGraphLayer(GraphConvolution, { filters: 5, edgeImportance: false, learnedEdges: true, seed: 8 });

describe('GraphConvolution', () => {
  it('is the sum over partitions and joints', () => {
    const layer = new GraphConvolution({ filters: 2, adjacency: edges, seed: 1 });
    const x = random([2, 2, 3, 4, 3], 1) as tf.Tensor5D;
    layer.build(x.shape);
    perturbWeights(layer);
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

  it('trains the edges themselves, with learnedEdges', () => {
    const config = { filters: 2, adjacency: edges, seed: 1 };
    const learned = new GraphConvolution({ ...config, learnedEdges: true });
    const fixed = new GraphConvolution({ ...config, edgeImportance: false });
    const x = random([1, 1, 2, 4, 3], 1);
    const y = learned.apply(x) as tf.Tensor;
    expect(y.dataSync()).toEqual((fixed.apply(x) as tf.Tensor).dataSync());
    expect(learned.getConfig()).toMatchObject({ learnedEdges: true, edgeImportance: false });
    expect(learned.getWeights()[2]!.arraySync()).toEqual(
      edges.map((m) => m.map((row) => row.map((v) => expect.closeTo(v, 6)))),
    );
  });
});
