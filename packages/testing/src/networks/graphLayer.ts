import { adjacency } from '@amr/encoders';
import * as tf from '@tensorflow/tfjs-core';
import { input, type layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectGradientsOfDifferences, expectWeightGradientsOfDifferences } from '../tensors/gradients.js';
import { fourJoints } from './graphNetwork.js';
import { perturbWeights, reloaded } from './reloaded.js';

/** The adjacency of the graph in the tests of graph convolutions. */
export const edges = adjacency(fourJoints, 'directed');

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Weights that are a matrix of joints by joints for each partition. */
const ofJoints = ['edges', 'edgeImportance'];

/** A weight as nested arrays, by the name that its layer gave it. */
export function weightOf<Nested>(layer: layers.Layer, name: string): Nested {
  const weight = layer.weights.find(({ originalName }) => originalName === name)!;
  return weight.read().arraySync() as Nested;
}

/** The output of a layer's pointwise convolution `part` for one joint. */
export function linear(layer: layers.Layer, part: string, joint: number[]): number[] {
  const kernel = weightOf<number[][]>(layer, `${part}Kernel`);
  return weightOf<number[]>(layer, `${part}Bias`).map((bias, o) =>
    joint.reduce((sum, value, c) => sum + value * kernel[c]![o]!, bias),
  );
}

type Given = { adjacency: number[][][]; name?: string };
type GraphLayerClass<Config> = { new (config: Config & Given): layers.Layer; className: string };

/**
 * The tests that every graph convolution passes, whose inputs are [batch, persons, frames, joints, C] and whose config
 * has `adjacency`.
 *
 * @param config all other options, none of them the default
 */
export function everyGraphLayer<Config extends { filters: number }>(
  Layer: GraphLayerClass<Config>,
  config: Config,
): void {
  const build = (matrices = edges, name?: string) => new Layer({ ...config, adjacency: matrices, name });

  describe(`${Layer.name}, ${JSON.stringify(config)}`, () => {
    it('has the gradients of finite differences, also those of all weights', () => {
      const layer = build();
      const x = random([1, 2, 3, 4, 3], 1);
      layer.build(x.shape);
      perturbWeights(layer);
      expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
      expectWeightGradientsOfDifferences(layer, x);
    });

    it('does not depend on how the joints are numbered', () => {
      fc.assert(
        fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), fc.nat(1000), (order, seed) =>
          tf.tidy(() => {
            const x = random([2, 1, 3, 4, 3], seed);
            const reordered = (tensor: tf.Tensor, ...axes: number[]) =>
              axes.reduce((given, axis) => tf.gather(given, tf.tensor1d(order, 'int32'), axis), tensor);
            const original = build();
            const other = build(edges.map((matrix) => order.map((v) => order.map((w) => matrix[v]![w]!))));
            for (const layer of [original, other]) layer.build(x.shape);
            perturbWeights(original, seed);
            other.setWeights(
              original.weights.map((weight) => {
                const value = weight.read();
                return ofJoints.includes(weight.originalName) ? reordered(value, 1, 2) : value;
              }),
            );
            const expected = reordered(original.apply(x) as tf.Tensor, 3);
            const largest = tf.max(tf.abs(tf.sub(other.apply(reordered(x, 3)) as tf.Tensor, expected)));
            expect(largest.dataSync()[0]).toBeLessThan(1e-4);
          }),
        ),
        { numRuns: 15 },
      );
    });

    it('leaves no tensor behind', () => {
      const layer = build();
      const x = random([1, 1, 3, 4, 3], 1);
      tf.dispose(layer.apply(x) as tf.Tensor);
      const before = tf.memory().numTensors;
      tf.dispose(layer.apply(x) as tf.Tensor);
      expect(tf.memory().numTensors).toBe(before);
    });

    it('keeps its config and its outputs through a saved model, for batches of any size', async () => {
      const x = input({ shape: [1, 3, 4, 3] });
      const outputs = build(edges, 'graph').apply(x) as SymbolicTensor;
      expect(outputs.shape).toEqual([null, 1, 3, 4, config.filters]);
      const original = model({ inputs: x, outputs });
      perturbWeights(original);
      const copy = await reloaded(original);
      expect(copy.getLayer('graph').getConfig()).toMatchObject({ ...config, adjacency: edges });
      for (const batch of [1, 3]) {
        const clip = random([batch, 1, 3, 4, 3], 2);
        const expected = (original.predict(clip) as tf.Tensor).dataSync();
        expect((copy.predict(clip) as tf.Tensor).dataSync()).toEqual(expected);
      }
    });

    it('refuses another number of joints, and unknown options', () => {
      expect(() => build().build([null, 1, 3, 5, 3])).toThrow(
        new RegExp(`^${Layer.className}\\.adjacency: got graphs of 4 joints for inputs of 5; `),
      );
      expect(() => new Layer({ ...config, adjacency: edges, filter: 3 } as Config & Given)).toThrow(
        `${Layer.className}.filter: got an unknown option; expected filters. Rename it.`,
      );
    });
  });
}
