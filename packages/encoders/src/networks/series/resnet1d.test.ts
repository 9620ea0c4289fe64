import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { model } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { parameterCount } from '../../cost/parameterCount.js';
import type { TorchNames } from '../../torch/torchWeights.js';
import { type Resnet1dConfig, resnet1d } from './resnet1d.js';

const tiny: Resnet1dConfig = { inputShape: [7, 3], widths: [4, 6, 6], seed: 1 };
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('resnet1d', () => {
  it.each([
    [6, 506_880],
    [1, 504_000],
  ])('has the parameters of the published network, of %i channels', (channels, count) => {
    const { model: encoder, stages, features } = resnet1d({ inputShape: [180, channels] });
    expect(parameterCount(encoder)).toBe(count);
    expect(stages.map(({ shape }) => shape)).toEqual([[null, 180, 64], [null, 180, 128], [null, 180, 128]]); // biome-ignore format: shapes
    expect(features.shape).toEqual([null, 128]);
    encoder.dispose();
  });

  it('takes any batch size and any length, and its outputs have the symbolic shapes', () => {
    const encoder = resnet1d({ ...tiny, inputShape: [1, 3], kernels: [4, 2] });
    const inner = model({ inputs: encoder.input, outputs: [...encoder.stages, encoder.features] });
    for (const batch of [1, 3]) {
      const outputs = inner.predict(random([batch, 1, 3], 1)) as tf.Tensor[];
      expect(outputs.map(({ shape }) => shape)).toEqual(
        inner.outputShape.map((shape) => [batch, ...(shape as number[]).slice(1)]),
      );
    }
  });

  it('normalises inside the model', () => {
    const { model: encoder } = resnet1d({ ...tiny, mean: [1, 0, -1], std: [2, 1, 4] });
    const { model: plain } = resnet1d(tiny);
    const x = random([2, 7, 3], 1);
    const expected = plain.predict(tf.div(tf.sub(x, [1, 0, -1]), [2, 1, 4])) as tf.Tensor;
    expect([...(encoder.predict(x) as tf.Tensor).dataSync()]).toEqual(
      [...expected.dataSync()].map((v) => expect.closeTo(v, 4)),
    );
  });

  it('has the input gradient of finite differences', () => {
    const { model: encoder } = resnet1d(tiny);
    perturbWeights(encoder);
    const apply = (z: tf.Tensor) => tf.div(encoder.apply(z) as tf.Tensor, 10);
    expectGradientsOfDifferences(apply, [random([2, 7, 3], 1)], { step: 2e-3, tolerance: 0.05 });
  });

  it('gives the outputs and input gradients of PyTorch, with its weights', async () => {
    const { model: encoder } = resnet1d({ inputShape: [10, 3], widths: [4, 6, 6] });
    const names: TorchNames = (layer) => {
      const [, block, part, conv, norm] = /^Block(\d)(Conv|Shortcut)(\d?)(Norm)?$/.exec(layer) ?? [];
      const kind = norm ? 'norm' : 'conv';
      return (
        block && `blocks.${Number(block) - 1}.${part === 'Conv' ? `${kind}s.${Number(conv) - 1}` : kind}`
      );
    };
    await expectTorchGolden(encoder, 'resnet1d', 1e-4, 'pth', { names });
  });

  it('saves, loads, and gives the same outputs', async () => {
    const { model: encoder } = resnet1d({ ...tiny, name: 'watch' });
    perturbWeights(encoder);
    const copy = await reloaded(encoder);
    const x = random([2, 7, 3], 1);
    expect((copy.predict(x) as tf.Tensor).dataSync()).toEqual((encoder.predict(x) as tf.Tensor).dataSync());
    expect(copy.inputNames).toEqual(['watch']);
  });

  it('refuses other sizes, and says what it expects', () => {
    expect(() => resnet1d({ inputShape: [180] as never })).toThrow(
      /^resnet1d\.inputShape: got \[180\]; expected \[frames, channels\]/,
    );
    expect(() => resnet1d({ inputShape: [0, 6] })).toThrow(/inputShape: got \[0, 6\]/);
    expect(() => resnet1d({ ...tiny, widths: [] })).toThrow(/widths: got \[\]/);
    expect(() => resnet1d({ ...tiny, kernels: [2.5] })).toThrow(/kernels: got \[2.5\]/);
    expect(() => resnet1d({ ...tiny, mean: [0, 0], std: [1, 1] })).toThrow(
      /mean: got \[0, 0\]; .*3, one for each channel/,
    );
    expect(() => resnet1d({ ...tiny, std: [0] })).toThrow(/std: got \[0\]; .*above 0/);
    expect(() => resnet1d({ ...tiny, mean: [Number.NaN] })).toThrow(
      /mean: got \[NaN\]; .*one for each channel/,
    );
  });
});
