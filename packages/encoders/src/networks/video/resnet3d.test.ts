import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { zeroInitialized } from '@amr/testing/networks/zeroInitialized';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { mc3, type Resnet3dConfig, r2plus1d, r3d, resnet3d } from './resnet3d.js';

const tiny: Resnet3dConfig = {
  inputShape: [4, 8, 8, 1],
  width: 4,
  blocks: [1, 1],
  stem: 'r3d',
  stemKernel: [3, 3, 3],
  seed: 1,
};
const random = (shape: number[], seed: number) => tf.randomUniform(shape, 0, 1, 'float32', seed);

describe('resnet3d', () => {
  it('keeps the frames in MC3, and halves them in R3D and R(2+1)D', () => {
    const shapes = (frames: number[]) => [
      [null, 16, 56, 56, 64],
      [null, frames[0], 28, 28, 128],
      [null, frames[1], 14, 14, 256],
      [null, frames[2], 7, 7, 512],
    ];
    for (const [build, frames] of [
      [r3d, [8, 4, 2]],
      [r2plus1d, [8, 4, 2]],
      [mc3, [16, 16, 16]],
    ] as const) {
      const { model: encoder, stages } = zeroInitialized(() => build({ inputShape: [16, 112, 112, 3] }));
      expect(stages.map(({ shape }) => shape)).toEqual(shapes([...frames]));
      encoder.dispose();
    }
  });

  it('takes the strides given, with MC3 too', () => {
    const strides: Size3[] = [
      [1, 1, 1],
      [2, 1, 1],
    ];
    const { stages } = mc3({ inputShape: [4, 8, 8, 1], width: 4, blocks: [1, 1], strides });
    expect(stages.map(({ shape }) => shape)).toEqual([
      [null, 4, 4, 4, 4],
      [null, 2, 4, 4, 8],
    ]);
  });

  it('has 45 channels between the halves of the stem of R(2+1)D, and proportionally fewer when it is narrower', () => {
    const middle = (width: number) => {
      const config = { inputShape: [2, 8, 8, 3] as const, width, blocks: [1], depth: 10 as const };
      return resnet3d({ ...config, stem: 'r2plus1d' })
        .model.getLayer('rgbStemSpatial')
        .outputShape.at(-1);
    };
    expect([64, 32, 4, 1].map(middle)).toEqual([45, 23, 3, 1]);
  });

  it.each([
    { depth: 10, layers: 10, channels: 32 },
    { depth: 18, layers: 18, channels: 32 },
    { depth: 34, layers: 34, channels: 32 },
    { depth: 50, layers: 50, channels: 128 },
  ] as const)('has its depth in weighted layers: $depth', ({ depth, layers: count, channels }) => {
    const encoder = resnet3d({ inputShape: [16, 32, 32, 3], depth, width: 4 });
    // All convolutions except those of the shortcuts, and the classifier after them.
    const convolutions = encoder.model.layers.filter(
      (layer) => layer.getClassName() === 'PaddedConv3D' && !layer.name.includes('Shortcut'),
    );
    expect(convolutions.length + 1).toBe(count);
    expect(encoder.features.shape).toEqual([null, channels]);
    expect(encoder.stages.at(-1)!.shape).toEqual([null, 1, 1, 1, channels]);
  });

  it('takes odd sizes and any batch size, and its outputs have the symbolic shapes', () => {
    const encoder = resnet3d({ ...tiny, inputShape: [5, 9, 11, 2], poolStride: [1, 2, 2] });
    const inner = model({ inputs: encoder.input, outputs: [...encoder.stages, encoder.features] });
    for (const batch of [1, 3]) {
      const outputs = inner.predict(random([batch, 5, 9, 11, 2], 1)) as tf.Tensor[];
      expect(outputs.map(({ shape }) => shape.slice(1))).toEqual(
        inner.outputShape.map((s) => (s as number[]).slice(1)),
      );
      expect(outputs[0]!.shape[0]).toBe(batch);
    }
  });

  it('normalises inside the model', () => {
    const { model: encoder } = resnet3d({ ...tiny, mean: [0.5], std: [0.25] });
    const { model: plain } = resnet3d({ ...tiny, mean: [0], std: [1] });
    const x = random([2, 4, 8, 8, 1], 1);
    const expected = plain.predict(tf.div(tf.sub(x, 0.5), 0.25)) as tf.Tensor;
    expect([...(encoder.predict(x) as tf.Tensor).dataSync()]).toEqual(
      [...expected.dataSync()].map((v) => expect.closeTo(v, 4)),
    );
  });

  it('has the input gradient of finite differences', () => {
    const { model: encoder } = resnet3d({ ...tiny, stemStride: [1, 1, 1], poolStride: [2, 2, 2] });
    perturbWeights(encoder);
    const apply = (z: tf.Tensor) => encoder.apply(z) as tf.Tensor;
    expectGradientsOfDifferences(apply, [random([1, 4, 8, 8, 1], 1)], { step: 2e-3, tolerance: 0.05 });
  });

  it('saves, loads, and gives the same outputs', async () => {
    const { model: encoder } = resnet3d({ ...tiny, depth: 50, stem: 'hara', name: 'depth' });
    perturbWeights(encoder);
    const copy = await reloaded(encoder);
    const x = random([2, 4, 8, 8, 1], 1);
    expect((copy.predict(x) as tf.Tensor).dataSync()).toEqual((encoder.predict(x) as tf.Tensor).dataSync());
    expect(copy.inputNames).toEqual(['depth']);
  });

  it('learns, and leaves no tensor behind', () => {
    const { input, features } = resnet3d(tiny);
    const classifier = model({
      inputs: input,
      outputs: layers.dense({ units: 2 }).apply(features) as SymbolicTensor,
    });
    const x = random([4, 4, 8, 8, 1], 1);
    const target = tf.oneHot(tf.tensor1d([0, 1, 0, 1], 'int32'), 2);
    const optimizer = tf.train.adam(0.02);
    const step = () =>
      tf.tidy(() => {
        const loss = () =>
          tf.losses.softmaxCrossEntropy(
            target,
            classifier.apply(x, { training: true }) as tf.Tensor,
          ) as tf.Scalar;
        return optimizer.minimize(loss, true)!.dataSync()[0]!;
      });
    const first = step();
    const before = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 8; i++) last = step();
    expect(last).toBeLessThan(first / 2);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses other sizes, and says what it expects', () => {
    expect(() => resnet3d({ inputShape: [8, 112, 112, 3] })).toThrow(
      /^resnet3d\.inputShape: got \[8, 112, 112, 3\]; expected frames 16 or more/,
    );
    expect(() => resnet3d({ inputShape: [16, 112, 30, 3] })).toThrow(
      /inputShape: got \[16, 112, 30, 3\]; expected width 32 or more/,
    );
    expect(() => resnet3d({ ...tiny, depth: 20 as 18, blocks: undefined })).toThrow(
      /depth: got 20; expected one of 10, 18, 34, 50/,
    );
    expect(() => resnet3d({ ...tiny, stem: 'slow' as 'r3d' })).toThrow(/stem: got 'slow'/);
    expect(() => resnet3d({ ...tiny, stemKernel: [3, 4, 4] })).toThrow(
      /stemKernel: got \[3, 4, 4\]; expected odd/,
    );
    expect(() => resnet3d({ ...tiny, strides: [[1, 1, 1]] })).toThrow(
      /strides: got \[\[1, 1, 1\]\]; .*each of 2 stages/,
    );
    expect(() => resnet3d({ ...tiny, mean: [0, 0, 0], std: [1, 1, 1] })).toThrow(
      /mean: got \[0, 0, 0\]; expected an array of one number/,
    );
    expect(() => resnet3d({ ...tiny, inputShape: [4, 8, 8] as never })).toThrow(
      /inputShape: got \[4, 8, 8\]/,
    );
  });
});
