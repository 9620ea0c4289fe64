import * as tf from '@tensorflow/tfjs-core';
import { input, loadLayersModel, model } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelMeans } from './channelMeans.js';
import { ConcatFusion } from './concatFusion.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('ConcatFusion', () => {
  it('keeps the batch free and adds the channels up', () => {
    const inputs = [[4, 6, 6, 5], [null, 3], [7]].map((shape) => input({ shape }));
    expect(new ConcatFusion().apply(inputs).shape).toEqual([null, 15]);
  });

  it('puts the means side by side, at any rank', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(shape, { minLength: 2, maxLength: 3 }), (shapes) => {
        tf.tidy(() => {
          const inputs = shapes.map((sizes, i) => random([2, ...sizes], i));
          const fused = new ConcatFusion().apply(inputs).arraySync() as number[][];
          for (const b of [0, 1]) {
            const expected = inputs.flatMap((x) => {
              const channels = x.shape.at(-1)!;
              const values = [...tf.slice(x, b, 1).dataSync()];
              const positions = values.length / channels;
              return Array.from({ length: channels }, (_, c) =>
                values.filter((_, i) => i % channels === c).reduce((sum, v) => sum + v / positions, 0),
              );
            });
            expect(fused[b]).toEqual(expected.map((v) => expect.closeTo(v, 5)));
          }
        });
      }),
      { numRuns: 15 },
    );
  });

  it('shares the gradient out evenly', () => {
    const [a, b] = tf.grads((x, y) => tf.sum(new ConcatFusion().apply([x, y])))([
      random([1, 4, 2], 1),
      random([1, 3], 2),
    ]) as [tf.Tensor, tf.Tensor];
    expect([...a.dataSync()]).toEqual(new Array(8).fill(0.25));
    expect([...b.dataSync()]).toEqual([1, 1, 1]);
  });

  it('saves and loads', async () => {
    const inputs = [[4, 2], [3]].map((shape) => input({ shape })); // biome-ignore format: two shapes
    const original = model({ inputs, outputs: new ConcatFusion({ name: 'fusion' }).apply(inputs) });
    let artifacts: tf.io.ModelArtifacts = {};
    await original.save(
      tf.io.withSaveHandler(async (given) => {
        artifacts = given;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const copy = await loadLayersModel(tf.io.fromMemory(artifacts));
    const x = [random([2, 4, 2], 1), random([2, 3], 2)];
    const [before, after] = [original, copy].map((one) => (one.predict(x) as tf.Tensor).dataSync());
    expect(after).toEqual(before);
    expect(copy.getLayer('fusion')).toBeInstanceOf(ConcatFusion);
  });

  it('refuses what it cannot fuse, and leaves no tensor behind', () => {
    expect(() => new ConcatFusion().apply([random([2, 3], 1)])).toThrow(/two or more/);
    expect(() => channelMeans(tf.ones([3]))).toThrow(/\[3\].*rank 2/);
    const inputs = [random([2, 4, 2], 1), random([2, 3], 2)];
    const layer = new ConcatFusion();
    layer.apply(inputs).dispose();
    const before = tf.memory().numTensors;
    layer.apply(inputs).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
