import { useOn } from '@amr/testing/backends/useOn';
import { type FusionCase, fusionCases } from '@amr/testing/layers/fusions';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { crmtMarginLoss } from '../losses/crmtMarginLoss.js';
import { minSimLoss } from '../losses/minSimLoss.js';
import { certifiedRadius } from '../math/certifiedRadius.js';
import { ExternalFeatureMemory } from './externalFeatureMemory.js';
import { OrthogonalFusion } from './orthogonalFusion.js';

/** Outputs, gradients of the inputs, and losses of some training steps, on the current backend. */
function trial({ layer: create, shapes }: FusionCase) {
  const random = (sizes: number[][], seed: number) =>
    sizes.map((size, m) => tf.randomNormal(size, 0, 1, 'float32', seed + m));
  const inputs = shapes.map((shape) => input({ shape }));
  // A dense layer in front of each modality: it needs the fusion's gradients, and lets fusions without weights train as well.
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

describe.each(['wasm', 'onnx'] as const)('on the backend %s', (backend) => {
  useOn(backend);

  it.each(fusionCases.map((one) => ({ ...one, name: one.layer().getClassName() })))(
    '$name $title fuses, differentiates and trains as on cpu',
    async (one) => {
      await tf.setBackend('cpu');
      const cpu = trial(one);
      await tf.setBackend(backend);
      const own = trial(one);
      // The backends differ in the order of their sums, and in exp and tanh by a few units in the last place.
      const close = (values: number[]) => values.map((value) => expect.closeTo(value, 4));
      expect(own.outputs).toEqual(cpu.outputs.map(close));
      expect(own.gradients).toEqual(cpu.gradients.map(close));
      expect(own.losses).toEqual(close(cpu.losses));
      expect(own.losses[2]).toBeLessThan(own.losses[0]!);
    },
  );

  it('computes the memory, the certified radius and the losses of the defences as on cpu', async () => {
    const trial = () => {
      const [rgb, skeleton] = [5, 6].map((channels, m) =>
        tf.randomNormal([7, channels], 0, 1, 'float32', 3 + m),
      );
      const features = [rgb!, skeleton!];
      const memory = new ExternalFeatureMemory({ slots: 5, seed: 1 });
      memory.remember(features.map((x) => tf.relu(x)));
      const fusion = new OrthogonalFusion({ classes: 3, returnWeights: true, seed: 2 });
      const labels = tf.tensor1d([0, 1, 2, 0, 1, 2, 0], 'int32');
      const losses = (x: tf.Tensor): tf.Tensor => {
        const restored = memory.apply([x, skeleton!]);
        const [, evidence] = [fusion.apply(restored)].flat() as [tf.Tensor2D, tf.Tensor3D];
        const radius = certifiedRadius({ evidence, ...fusion.integration() });
        const narrow = restored.map((one) => tf.slice(one, [0, 0], [-1, 4]) as tf.Tensor2D);
        return tf.concat([radius, tf.stack([crmtMarginLoss(evidence, labels), minSimLoss(narrow)])]);
      };
      return [losses(rgb!), tf.grad(losses)(rgb!)].map((tensor) => [...tensor.dataSync()]);
    };
    await tf.setBackend('cpu');
    const cpu = trial();
    await tf.setBackend(backend);
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 4));
    expect(trial()).toEqual(cpu.map(close));
  });
});
