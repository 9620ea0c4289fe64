import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { adjacency } from '../skeleton/adjacency.js';
import { jolt, reloaded } from '../testing/reloaded.js';
import { expectSameWhenRenumbered } from '../testing/renumbered.js';
import { expectGradientsOfDifferences } from '../testing/slopes.js';
import { AdaptiveGraphConvolution } from './adaptiveGraphConvolution.js';

const edges = adjacency({ joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }, 'directed'); // biome-ignore format: bones
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** A weight as nested arrays. */
function weightOf<Nested>(layer: AdaptiveGraphConvolution, name: string): Nested {
  const weight = layer.weights.find(({ originalName }) => originalName === name)!;
  return weight.read().arraySync() as Nested;
}

describe('AdaptiveGraphConvolution', () => {
  it('is the sum over partitions and joints, with the softmax of the inner products over the source joints', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 2, adjacency: edges, embedding: 3, seed: 1 });
    const x = random([2, 2, 3, 4, 3], 1) as tf.Tensor5D;
    layer.build(x.shape);
    jolt(layer);
    const y = layer.apply(x) as tf.Tensor5D;
    expect(layer.computeOutputShape(x.shape)).toEqual(y.shape);
    const [given, got] = [x.arraySync(), y.arraySync()];
    const learned = weightOf<number[][][]>(layer, 'edges');
    const linear = (part: string, joint: number[]) => {
      const kernel = weightOf<number[][]>(layer, `${part}Kernel`);
      return weightOf<number[]>(layer, `${part}Bias`).map((bias, o) =>
        joint.reduce((sum, value, c) => sum + value * kernel[c]![o]!, bias),
      );
    };
    for (const [b, bodies] of given.entries())
      for (const [m, frames] of bodies.entries()) {
        const edgesOf = edges.map((_, k) => {
          const alike = (v: number, w: number) => {
            let sum = 0;
            for (const joints of frames) {
              const phi = linear(`phi${k}`, joints[w]!);
              sum += linear(`theta${k}`, joints[v]!).reduce((inner, value, e) => inner + value * phi[e]!, 0);
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
                sum += linear(`out${k}`, mixed)[o]!;
              }
              expect(got[b]![m]![t]![w]![o]).toBeCloseTo(sum, 4);
            }
      }
  });

  it('starts with the skeleton and likeness alone, and embeds in a quarter of the filters', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 9, adjacency: edges });
    layer.build([null, 1, 3, 4, 3]);
    expect(weightOf<number[][]>(layer, 'theta0Kernel')[0]).toHaveLength(2);
    expect(weightOf<number[][][]>(layer, 'edges').flat(2)).toEqual(new Array(48).fill(0));
    expect(Math.max(...weightOf<number[][]>(layer, 'phi2Kernel').flat())).toBeGreaterThan(0);
  });

  it('has the gradients of finite differences, for all weights too', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 4, adjacency: edges, seed: 1 });
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
      new AdaptiveGraphConvolution({ filters: 4, adjacency, seed: 1 });
    expectSameWhenRenumbered(build, edges);
  });

  it('leaves no tensor behind', () => {
    const layer = new AdaptiveGraphConvolution({ filters: 4, adjacency: edges });
    const x = random([1, 1, 3, 4, 3], 1);
    tf.dispose(layer.apply(x) as tf.Tensor);
    const before = tf.memory().numTensors;
    tf.dispose(layer.apply(x) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps its config and its outputs through a saved model, for batches of any size', async () => {
    const x = input({ shape: [1, 3, 4, 3] });
    const config = { filters: 5, adjacency: edges, embedding: 2, seed: 8 };
    const outputs = new AdaptiveGraphConvolution({ ...config, name: 'graph' }).apply(x) as SymbolicTensor;
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
    const layer = new AdaptiveGraphConvolution({ filters: 8, adjacency: edges, embedding: 2 });
    const each = 5 * 8 + 2 * 5 * 2 + 4 * 2 + 4 * 5; // W; theta and phi; C; A + B + C
    expect(layer.multiplyAdds([null, 2, 7, 4, 5])).toBe(2 * 7 * 4 * 3 * each);
  });

  it('names what it was given', () => {
    const build = (config: { filters: number; embedding?: number }) =>
      new AdaptiveGraphConvolution({ ...config, adjacency: edges }).build([null, 1, 3, 5, 3]);
    expect(() => build({ filters: 4 })).toThrow(/5 joints and an adjacency of 4/);
    expect(() => build({ filters: 3 })).toThrow(/embedding 0 with 3 filters.*from 4 filters/);
    expect(() => build({ filters: 8, embedding: 1.5 })).toThrow(/embedding 1.5/);
  });
});
