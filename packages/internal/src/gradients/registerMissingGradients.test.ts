import { noise } from '@amr/testing/tensors/noise';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { registerMissingGradients } from './registerMissingGradients.js';

const image = tf.tensor(noise(2 * 8 * 8 * 3, 1), [2, 8, 8, 3]);
const seeded = { kernelInitializer: { className: 'GlorotUniform', config: { seed: 1 } } as never };

/** A network of layers that had gradients all along. */
function network(): LayersModel {
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'relu', ...seeded }),
      layers.batchNormalization(),
      layers.depthwiseConv2d({
        kernelSize: 2,
        depthwiseInitializer: seeded.kernelInitializer,
        activation: 'relu6',
      }),
      layers.reshape({ targetShape: [5, 5 * 4] }),
      layers.conv1d({ filters: 3, kernelSize: 2, ...seeded }),
      layers.lstm({ units: 3, recurrentInitializer: 'glorotUniform', ...seeded }),
      layers.dense({ units: 2, ...seeded }),
    ],
  });
}

/** What runs while the gradients for input and weights are computed, and their values. */
function gradients(model: LayersModel): { kernels: string[]; bits: number[][] } {
  const kernels: string[] = [];
  const engine = tf.engine();
  const runKernel = engine.runKernel;
  engine.runKernel = <T extends tf.Tensor | tf.Tensor[]>(...given: Parameters<typeof runKernel>): T => {
    kernels.push(given[0]);
    return runKernel.apply(engine, given) as T;
  };
  try {
    const loss = (x: tf.Tensor): tf.Scalar => {
      const y = model.apply(x) as tf.Tensor;
      const best = tf.oneHot(tf.argMax(y, 1), 2);
      const chosen = tf.where(tf.greaterEqual(y, 0), y, tf.mul(y, 0.5));
      return tf.sum(tf.mul(tf.gather(chosen, [1, 0]), best));
    };
    const { grads } = tf.variableGrads(() => loss(image));
    const slopes = [tf.grad(loss)(image), ...Object.values(grads)];
    return { kernels, bits: slopes.map((slope) => Array.from(slope.dataSync())) };
  } finally {
    engine.runKernel = runKernel;
  }
}

it('changes neither what runs nor a bit of the result where tfjs has gradients', () => {
  const model = network();
  const before = gradients(model);
  const masked = (x: tf.Tensor) => tf.mul(x, tf.cast(tf.notEqual(x, 0), 'float32'));
  expect(() => tf.grad(masked)(image)).toThrow(/gradient function not found for NotEqual/);

  registerMissingGradients();
  const after = gradients(model);
  expect(after.kernels).toEqual(before.kernels);
  expect(after.bits).toEqual(before.bits);
  expect(before.kernels.length).toBeGreaterThan(100);
  expect(tf.grad(masked)(image).dataSync()).toEqual(tf.onesLike(image).dataSync());
});
