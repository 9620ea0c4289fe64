import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoneVectors } from './boneVectors.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('BoneVectors', () => {
  it('is each joint minus its parent, whatever the tree', () => {
    const tree = fc.array(fc.nat(), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(tree, fc.boolean(), fc.nat(1e6), (drawn, confidence, seed) => {
        const parents = drawn.map((n) => n % drawn.length);
        tf.tidy(() => {
          const x = random([2, 1, 2, parents.length, 3], seed) as tf.Tensor5D;
          const bones = new BoneVectors({ parents, confidence }).apply(x) as tf.Tensor5D;
          expect(bones.shape).toEqual(x.shape);
          const [given, got] = [x.arraySync(), bones.arraySync()];
          for (let b = 0; b < 2; b++)
            for (let t = 0; t < 2; t++)
              for (const [v, parent] of parents.entries()) {
                const [joint, from] = [given[b]![0]![t]![v]!, given[b]![0]![t]![parent]!];
                const bone = joint.map((value, c) => value - from[c]!);
                if (confidence) bone[2] = (joint[2]! + from[2]!) / 2;
                expect(got[b]![0]![t]![v]).toEqual(bone.map((value) => expect.closeTo(value, 5)));
              }
        });
      }),
      { numRuns: 20 },
    );
  });

  it('has the gradient of finite differences, and leaves no tensor behind', () => {
    const layer = new BoneVectors({ parents: [1, 1, 1, 2], confidence: true });
    const x = random([1, 2, 2, 4, 3], 1);
    const before = tf.memory().numTensors;
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [1, 2, 3, 3] });
    const config = { parents: [0, 0, 1], confidence: true };
    const outputs = new BoneVectors({ ...config, name: 'bones' }).apply(x) as SymbolicTensor;
    expect(outputs.shape).toEqual([null, 1, 2, 3, 3]);
    const original = model({ inputs: x, outputs });
    const copy = await reloaded(original);
    expect(copy.getLayer('bones').getConfig()).toMatchObject(config);
    const batch = random([2, 1, 2, 3, 3], 2);
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(
      (original.predict(batch) as tf.Tensor).dataSync(),
    );
  });

  it('refuses other parents, and says what it expects', () => {
    expect(() => new BoneVectors({ parents: [0, 2] })).toThrow(
      /^BoneVectors\.parents: got \[0, 2\]; .*0 to 1/,
    );
    expect(() => new BoneVectors({ parents: [0, 0] }).apply(random([1, 1, 1, 3, 3], 1))).toThrow(
      /^BoneVectors\.parents: got 2 parents for 3 joints; /,
    );
  });
});
