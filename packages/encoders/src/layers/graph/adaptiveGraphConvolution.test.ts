import { edges, everyGraphLayer, linear, weightOf } from '@amr/testing/networks/graphLayer';
import { perturbWeights } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AdaptiveGraphConvolution } from './adaptiveGraphConvolution.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

everyGraphLayer(AdaptiveGraphConvolution, { filters: 5, embedding: 2, seed: 8 });

describe('AdaptiveGraphConvolution', () => {
  it('is the sum over partitions and joints, with the softmax of the inner products over the source joints', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 2, adjacency: edges, embedding: 3, seed: 1 });
    const x = random([2, 2, 3, 4, 3], 1) as tf.Tensor5D;
    layer.build(x.shape);
    perturbWeights(layer);
    const y = layer.apply(x) as tf.Tensor5D;
    expect(layer.computeOutputShape(x.shape)).toEqual(y.shape);
    const [given, got] = [x.arraySync(), y.arraySync()];
    const learned = weightOf<number[][][]>(layer, 'edges');
    for (const [b, bodies] of given.entries())
      for (const [m, frames] of bodies.entries()) {
        const edgesOf = edges.map((_, k) => {
          const alike = (v: number, w: number) => {
            let sum = 0;
            for (const joints of frames) {
              const phi = linear(layer, `phi${k}`, joints[w]!);
              sum += linear(layer, `theta${k}`, joints[v]!).reduce(
                (inner, value, e) => inner + value * phi[e]!,
                0,
              );
            }
            return Math.exp(sum / (3 * 3));
          };
          return [0, 1, 2, 3].map((v) =>
            [0, 1, 2, 3].map((w) => {
              const all = [0, 1, 2, 3].reduce((sum, one) => sum + alike(one, w), 0);
              return edges[k]![v]![w]! + learned[k]![v]![w]! + alike(v, w) / all;
            }),
          );
        });
        for (const [t, joints] of frames.entries())
          for (let w = 0; w < 4; w++)
            for (let o = 0; o < 2; o++) {
              let sum = 0;
              for (let k = 0; k < 3; k++) {
                const mixed = [0, 1, 2].map((c) =>
                  joints.reduce((inner, joint, v) => inner + edgesOf[k]![v]![w]! * joint[c]!, 0),
                );
                sum += linear(layer, `out${k}`, mixed)[o]!;
              }
              expect(got[b]![m]![t]![w]![o]).toBeCloseTo(sum, 4);
            }
      }
  });

  it('starts with the skeleton and the similarity only, and embeds in a quarter of the filters', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 9, adjacency: edges });
    layer.build([null, 1, 3, 4, 3]);
    expect(weightOf<number[][]>(layer, 'theta0Kernel')[0]).toHaveLength(2);
    expect(weightOf<number[][][]>(layer, 'edges').flat(2)).toEqual(new Array(48).fill(0));
    expect(Math.max(...weightOf<number[][]>(layer, 'phi2Kernel').flat())).toBeGreaterThan(0);
  });

  it('counts its multiply-adds', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 8, adjacency: edges, embedding: 2 });
    const each = 5 * 8 + 2 * 5 * 2 + 4 * 2 + 4 * 5; // W; theta and phi; C; A + B + C
    expect(layer.multiplyAdds([null, 2, 7, 4, 5])).toBe(2 * 7 * 4 * 3 * each);
  });

  it('refuses an embedding without channels', () => {
    const build = (config: { filters: number; embedding?: number }) =>
      new AdaptiveGraphConvolution({ ...config, adjacency: edges });
    expect(() => build({ filters: 3 })).toThrow(
      /^AdaptiveGraphConvolution\.embedding: got 0; .*from 1.*the filters, 3\./,
    );
    expect(() => build({ filters: 8, embedding: 1.5 })).toThrow(/embedding: got 1\.5/);
  });
});
