import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { adjacency } from '../skeleton/adjacency.js';
import { jolt, reloaded } from '../testing/reloaded.js';
import { expectSameWhenRenumbered } from '../testing/renumbered.js';
import { expectGradientsOfDifferences } from '../testing/slopes.js';
import { ChannelTopologyGraphConvolution } from './channelTopologyGraphConvolution.js';

const edges = adjacency({ joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }, 'directed'); // biome-ignore format: bones
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** A weight as nested arrays. */
function weightOf<Nested>(layer: ChannelTopologyGraphConvolution, name: string): Nested {
  const weight = layer.weights.find(({ originalName }) => originalName === name)!;
  return weight.read().arraySync() as Nested;
}

describe('ChannelTopologyGraphConvolution', () => {
  it('is the sum over partitions and joints, with a graph of its own for each body and channel', () => {
    const layer = new ChannelTopologyGraphConvolution({
      filters: 2,
      adjacency: edges,
      relations: 3,
      seed: 1,
    });
    const x = random([2, 2, 3, 4, 3], 1) as tf.Tensor5D;
    layer.build(x.shape);
    jolt(layer);
    const y = layer.apply(x) as tf.Tensor5D;
    expect(layer.computeOutputShape(x.shape)).toEqual(y.shape);
    const [given, got] = [x.arraySync(), y.arraySync()];
    const learned = weightOf<number[][][]>(layer, 'edges');
    const [alpha] = weightOf<[number]>(layer, 'alpha');
    const linear = (part: string, joint: number[]) => {
      const kernel = weightOf<number[][]>(layer, `${part}Kernel`);
      return weightOf<number[]>(layer, `${part}Bias`).map((bias, o) =>
        joint.reduce((sum, value, c) => sum + value * kernel[c]![o]!, bias),
      );
    };
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
                  const phi = linear(`phi${k}`, means[w]!);
                  const relation = linear(`psi${k}`, means[v]!).map((value, r) => Math.tanh(value - phi[r]!));
                  const own = alpha * linear(`xi${k}`, relation)[o]!;
                  sum += (learned[k]![v]![w]! + own) * linear(`out${k}`, joint)[o]!;
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

  it('has the gradients of finite differences, for all weights too', () => {
    const layer = new ChannelTopologyGraphConvolution({ filters: 3, adjacency: edges, seed: 1 });
    const x = random([1, 2, 3, 4, 3], 1);
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
      expect(tf.sum(tf.mul(grads[name]!, direction)).dataSync()[0], name).toBeCloseTo(slope, 1);
    }
  });

  it('does not depend on how the joints are numbered', () => {
    const build = (adjacency: number[][][]) =>
      new ChannelTopologyGraphConvolution({ filters: 4, adjacency, seed: 1 });
    expectSameWhenRenumbered(build, edges);
  });

  it('leaves no tensor behind', () => {
    const x = random([1, 1, 3, 4, 3], 1);
    const before = tf.memory().numTensors;
    const layer = new ChannelTopologyGraphConvolution({ filters: 4, adjacency: edges });
    tf.dispose(layer.apply(x) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(before + layer.weights.length);
  });

  it('keeps its config and its outputs through a saved model, for batches of any size', async () => {
    const x = input({ shape: [1, 3, 4, 3] });
    const config = { filters: 5, adjacency: edges, relations: 2, seed: 8 };
    const layer = new ChannelTopologyGraphConvolution({ ...config, name: 'graph' });
    const outputs = layer.apply(x) as SymbolicTensor;
    expect(outputs.shape).toEqual([null, 1, 3, 4, 5]);
    const original = model({ inputs: x, outputs });
    jolt(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('graph').getConfig()).toMatchObject(config);
    for (const batch of [1, 3]) {
      const clip = random([batch, 1, 3, 4, 3], 2);
      expect((copy.predict(clip) as tf.Tensor).dataSync()).toEqual(
        (original.predict(clip) as tf.Tensor).dataSync(),
      );
    }
  });

  it('says what it costs', () => {
    const layer = new ChannelTopologyGraphConvolution({ filters: 8, adjacency: edges, relations: 2 });
    layer.build([null, 2, 7, 4, 5]);
    const compared = 2 * 4 * 5 * 2 + 4 * 4 * 2 * 8; // psi and phi of the means; xi of all pairs
    const gathered = 7 * 4 * 5 * 8 + 7 * 4 * 4 * 8; // W; A + alpha Q
    expect(layer.multiplyAdds([null, 2, 7, 4, 5])).toBe(2 * 3 * (compared + gathered));
  });

  it('refuses another number of joints', () => {
    const layer = new ChannelTopologyGraphConvolution({ filters: 2, adjacency: edges });
    expect(() => layer.build([null, 1, 3, 5, 3])).toThrow(/5 joints and an adjacency of 4/);
  });
});
