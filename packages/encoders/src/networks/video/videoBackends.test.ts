import { useOn } from '@amr/testing/backends/useOn';
import { perturbWeights } from '@amr/testing/networks/reloaded';
import { tinyVideoNetworks } from '@amr/testing/networks/tinyVideoNetworks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { singleStream } from '../../fusion/singleStream.js';

type Network = (typeof tinyVideoNetworks)[number];

/** Logits, the gradient of the input, and the losses of three training steps, on the current backend. */
function trial({ build, inputShape }: Network) {
  const classifier = singleStream(build(), { classes: 3, seed: 2 });
  perturbWeights(classifier);
  const x = tf.randomUniform([3, ...inputShape], 0, 1, 'float32', 1);
  const targets = tf.oneHot(tf.tensor1d([0, 1, 2], 'int32'), 3);
  const loss = (z: tf.Tensor, training: boolean) =>
    tf.losses.softmaxCrossEntropy(targets, classifier.apply(z, { training }) as tf.Tensor) as tf.Scalar;
  const logits = [...(classifier.predict(x) as tf.Tensor).dataSync()];
  const gradient = [
    ...tf
      .grad((z) => loss(z, false))(x)
      .dataSync(),
  ];
  const optimizer = tf.train.sgd(0.02);
  const losses = [0, 1, 2].map(() => optimizer.minimize(() => loss(x, true), true)!.dataSync()[0]!);
  classifier.dispose();
  return { logits, gradient, losses };
}

describe.each(['wasm', 'onnx'] as const)('video networks on the backend %s', (backend) => {
  useOn(backend);

  it.each(tinyVideoNetworks)('$name predicts, differentiates and trains as on cpu', async (network) => {
    await tf.setBackend('cpu');
    const cpu = trial(network);
    await tf.setBackend(backend);
    const own = trial(network);
    // Sums in another order differ by 1e-6 of the largest value, and by more after each training step.
    const scale = (values: number[]) => Math.max(...values.map(Math.abs));
    const near = (values: number[], share: number) =>
      values.map((value) => expect.toSatisfy((v: number) => Math.abs(v - value) <= share * scale(values)));
    expect(own.logits).toEqual(near(cpu.logits, 1e-4));
    expect(own.gradient).toEqual(near(cpu.gradient, 1e-3));
    expect(own.losses).toEqual(near(cpu.losses, 1e-2));
    for (const { losses } of [cpu, own]) {
      expect(losses[1]).toBeLessThan(losses[0]!);
      expect(losses[2]).toBeLessThan(losses[1]!);
    }
  });
});
