import { edges, everyGraphLayer, linear, weightOf } from '@amr/testing/networks/graphLayer';
import { perturbWeights } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ChannelTopologyGraphConvolution } from './channelTopologyGraphConvolution.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

everyGraphLayer(ChannelTopologyGraphConvolution, { filters: 5, relations: 2, seed: 8 });

describe('ChannelTopologyGraphConvolution', () => {
  it('is the sum over partitions and joints, with a different graph for each body and channel', () => {
    const layer = new ChannelTopologyGraphConvolution({
      filters: 2,
      adjacency: edges,
      relations: 3,
      seed: 1,
    });
    const x = random([2, 2, 3, 4, 3], 1) as tf.Tensor5D;
    layer.build(x.shape);
    perturbWeights(layer);
    const y = layer.apply(x) as tf.Tensor5D;
    expect(layer.computeOutputShape(x.shape)).toEqual(y.shape);
    const [given, got] = [x.arraySync(), y.arraySync()];
    const learned = weightOf<number[][][]>(layer, 'edges');
    const [alpha] = weightOf<[number]>(layer, 'alpha');
    for (const [b, bodies] of given.entries())
      for (const [m, frames] of bodies.entries()) {
        const means = [0, 1, 2, 3].map((v) =>
          [0, 1, 2].map((c) => frames.reduce((sum, joints) => sum + joints[v]![c]! / 3, 0)),
        );
        for (const [t, joints] of frames.entries())
          for (let w = 0; w < 4; w++)
            for (let o = 0; o < 2; o++) {
              let sum = 0;
              for (let k = 0; k < 3; k++)
                for (const [v, joint] of joints.entries()) {
                  const phi = linear(layer, `phi${k}`, means[w]!);
                  const relation = linear(layer, `psi${k}`, means[v]!).map((value, r) =>
                    Math.tanh(value - phi[r]!),
                  );
                  const own = alpha * linear(layer, `xi${k}`, relation)[o]!;
                  sum += (learned[k]![v]![w]! + own) * linear(layer, `out${k}`, joint)[o]!;
                }
              expect(got[b]![m]![t]![w]![o]).toBeCloseTo(sum, 4);
            }
      }
  });

  it('starts as the skeleton for all channels, and compares in an eighth of them', () => {
    const relations = (channels: number) => {
      const layer = new ChannelTopologyGraphConvolution({ filters: 2, adjacency: edges });
      layer.build([null, 1, 3, 4, channels]);
      expect(weightOf(layer, 'edges')).toEqual(edges.map((matrix) => matrix.map((row) => row.map((v) => expect.closeTo(v, 6))))); // biome-ignore format: one chain
      expect(weightOf(layer, 'alpha')).toEqual([0]);
      return weightOf<number[][]>(layer, 'psi0Kernel')[0]!.length;
    };
    expect([3, 16, 17, 64].map(relations)).toEqual([8, 8, 2, 8]);
  });

  it('counts its multiply-adds', () => {
    const layer = new ChannelTopologyGraphConvolution({ filters: 8, adjacency: edges, relations: 2 });
    layer.build([null, 2, 7, 4, 5]);
    const compared = 2 * 4 * 5 * 2 + 4 * 4 * 2 * 8; // psi and phi of the means; xi of all pairs
    const gathered = 7 * 4 * 5 * 8 + 7 * 4 * 4 * 8; // W; A + alpha Q
    expect(layer.multiplyAdds([null, 2, 7, 4, 5])).toBe(2 * 3 * (compared + gathered));
  });
});
