import type { Encoder, GcnConfig, PartitionStrategy, SkeletonGraph } from '@amr/encoders';
import * as tf from '@tensorflow/tfjs-core';
import { layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { expectGradientsOfDifferences } from '../tensors/gradients.js';
import { everySkeletonNetwork } from './absentBodies.js';
import { perturbWeights, reloaded } from './reloaded.js';

/** The config that all graph networks have in common, as far as the tests use it. */
export interface TestedGraphConfig extends GcnConfig {
  partition?: PartitionStrategy;
  temporalKernel?: number;
}

/** Graphs for tests. */
export const threeJoints: SkeletonGraph = { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }; // biome-ignore format: bones
export const fourJoints: SkeletonGraph = { joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }; // biome-ignore format: bones

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/**
 * The tests that every graph network passes, on top of those of every skeleton network.
 *
 * @param build builds the network
 * @param width the smallest width that the network takes
 * @param step step of the finite differences; small where ReLUs, maxima and softmaxes are not linear within a step
 */
export function everyGraphNetwork(
  network: string,
  build: (config: TestedGraphConfig) => Encoder,
  { width, step = 2e-3 }: { width: number; step?: number },
): void {
  const tiny = { frames: 4, layout: threeJoints, width, blocks: [1, 2], temporalKernel: 3, seed: 1 };
  const x = (batch = 2) => random([batch, 2, 4, 3, 3], 1);

  everySkeletonNetwork(network, (config) => build({ ...tiny, ...config }));

  describe(`${network}, as every graph network`, () => {
    it.each([
      ['uniform', 'utd-mhad', 20],
      ['distance', 'ntu-rgb+d', 25],
      ['spatial', 'coco-17', 17],
      ['directed', 'openpose-18', 18],
    ] as const)(
      'takes the partition %s, the layout %s, and batches of any size',
      (partition, layout, joints) => {
        const config = { ...tiny, persons: 1, frames: 5, blocks: [1, 1], initialStride: 2 };
        const { model: encoder, stages } = build({ ...config, partition, layout });
        expect(stages.map(({ shape }) => shape.slice(2))).toEqual([[3, joints, width], [2, joints, 2 * width]]); // biome-ignore format: two shapes
        for (const batch of [1, 3]) {
          const y = encoder.predict(random([batch, 1, 5, joints, 3], 1)) as tf.Tensor;
          expect(y.shape).toEqual([batch, 2 * width]);
        }
      },
    );

    it('has the input gradient of finite differences', () => {
      const { model: encoder } = build({ ...tiny, blocks: [1, 1] });
      perturbWeights(encoder);
      expectGradientsOfDifferences((z) => encoder.apply(z) as tf.Tensor, [x()], { step, tolerance: 0.05 });
    });

    it.each(['joint', 'bone-motion'] as const)(
      'saves, loads, and gives the same outputs: %s',
      async (stream) => {
        const { model: encoder } = build({ ...tiny, dropout: 0.25, stream, confidence: true });
        perturbWeights(encoder);
        const copy = await reloaded(encoder);
        expect(copy.inputNames).toEqual(['skeleton']);
        for (const batch of [1, 3]) {
          const expected = (encoder.predict(x(batch)) as tf.Tensor).dataSync();
          expect((copy.predict(x(batch)) as tf.Tensor).dataSync()).toEqual(expected);
        }
      },
    );

    it('learns with all its weights, and leaves no tensor behind', () => {
      const { input, features } = build({ ...tiny, blocks: [1, 1] });
      const logits = layers.dense({ units: 2 }).apply(features) as SymbolicTensor;
      const classifier = model({ inputs: input, outputs: logits });
      const clips = x(4);
      const target = tf.oneHot(tf.tensor1d([0, 1, 0, 1], 'int32'), 2);
      const optimizer = tf.train.adam(0.03);
      const initial = classifier.trainableWeights.map((weight) => [...weight.read().dataSync()]);
      const loss = () => {
        const given = classifier.apply(clips, { training: true }) as tf.Tensor;
        return tf.losses.softmaxCrossEntropy(target, given) as tf.Scalar;
      };
      const step = () => tf.tidy(() => optimizer.minimize(loss, true)!.dataSync()[0]!);
      const first = step();
      const before = tf.memory().numTensors;
      let last = first;
      for (let i = 0; i < 7; i++) last = step();
      expect(last).toBeLessThan(first / 2);
      expect(tf.memory().numTensors).toBe(before);
      for (const [i, weight] of classifier.trainableWeights.entries()) {
        if (/bias/i.test(weight.name)) continue; // batch normalisation and softmax don't see most of them
        expect([...weight.read().dataSync()], weight.name).not.toEqual(initial[i]);
      }
    });

    it('refuses other configs, and says what it expects', () => {
      const refused: [Partial<TestedGraphConfig>, RegExp][] = [
        [{ frames: 3, blocks: [1, 1, 1] }, /frames: got 3; expected 4 or more/],
        [{ frames: 0 }, /frames: got 0/],
        [{ temporalKernel: 4 }, /temporalKernel: got 4; .*such as 5/],
        [{ dropout: 1 }, /dropout: got 1/],
        [{ blocks: [] }, /blocks: got \[\]/],
        [{ normalize: 'unit' as 'root' }, /normalize: got 'unit'/],
        [{ stream: 'bones' as 'bone' }, /stream: got 'bones'; .*bone-motion/],
        [{ coordinates: 1, confidence: true }, /confidence: got true; expected false for 1 coord/],
      ];
      for (const [config, message] of refused) {
        expect(() => build({ ...tiny, ...config })).toThrow(message);
      }
      expect(() => build({ ...tiny, frames: 1 })).toThrow(new RegExp(`^${network}\\.frames: `));
      expect(() => build({ ...tiny, widht: 8 } as object as TestedGraphConfig)).toThrow(
        `${network}.widht: got an unknown option; expected width. Rename it.`,
      );
    });
  });
}
