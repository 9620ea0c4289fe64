import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FusionCase, fusionCases } from './testing/fusions.js';

/** Outputs, the gradients of the inputs, and the losses of some steps, on the backend that is set. */
function trial({ layer: create, shapes }: FusionCase) {
  const random = (sizes: number[][], seed: number) =>
    sizes.map((size, m) => tf.randomNormal(size, 0, 1, 'float32', seed + m));
  const inputs = shapes.map((shape) => input({ shape }));
  // A layer in front of each modality: gradients have to come through, and layers without weights train as well.
  const encoded = inputs.map((one, m) => {
    const kernelInitializer = initializers.glorotUniform({ seed: m });
    return layers.dense({ units: one.shape.at(-1)!, kernelInitializer }).apply(one) as typeof one;
  });
  const fusion = create();
  const fused = model({ inputs, outputs: fusion.apply(encoded) as typeof inputs });
  fusion.setWeights(
    fusion.getWeights().map((w, i) => tf.add(w, tf.randomNormal(w.shape, 0, 0.3, 'float32', 50 + i))),
  );
  const x = random(
    shapes.map((shape) => [5, ...shape]),
    1,
  );
  const apply = (xs: tf.Tensor[], training: boolean) => [fused.apply(xs, { training })].flat() as tf.Tensor[];
  const targets = random(
    apply(x, false).map(({ shape }) => shape),
    10,
  );
  const loss = (xs: tf.Tensor[], training: boolean) =>
    tf.addN(apply(xs, training).map((y, i) => tf.mean(tf.squaredDifference(y, targets[i]!)))) as tf.Scalar;
  const values = (tensors: tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);
  const outputs = values(apply(x, false));
  const gradients = values(tf.grads((...xs) => loss(xs, false))(x));
  const optimizer = tf.train.sgd(0.1);
  const losses = [0, 1, 2].map(() => optimizer.minimize(() => loss(x, true), true)!.dataSync()[0]!);
  fused.dispose();
  return { outputs, gradients, losses };
}

describe('on the wasm backend', () => {
  beforeAll(async () => {
    await useBackend({ backend: 'wasm' });
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each(fusionCases.map((one) => ({ ...one, name: one.layer().getClassName() })))(
    '$name $title fuses, differentiates and trains as on cpu',
    async (one) => {
      await tf.setBackend('cpu');
      const cpu = trial(one);
      await tf.setBackend('wasm');
      const wasm = trial(one);
      // The backends differ in the order of their sums, and in exp and tanh by some units in the last place.
      const close = (values: number[]) => values.map((value) => expect.closeTo(value, 4));
      expect(wasm.outputs).toEqual(cpu.outputs.map(close));
      expect(wasm.gradients).toEqual(cpu.gradients.map(close));
      expect(wasm.losses).toEqual(close(cpu.losses));
      expect(wasm.losses[2]).toBeLessThan(wasm.losses[0]!);
    },
  );
});
