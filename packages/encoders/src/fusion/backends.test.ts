import { amrLoss } from '@amr/layers';
import { useOn } from '@amr/testing/backends/useOn';
import { perturbWeights } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { stgcn } from '../networks/skeleton/stgcn.js';
import { resnet3d } from '../networks/video/resnet3d.js';
import { twoStream } from './twoStream.js';

const graph = { joints: 4, edges: [[0, 1], [1, 2], [1, 3]] as [number, number][], center: 1 }; // biome-ignore format: bones

/** Logits, the loss after some training steps, and the gradients of both inputs, on the current backend. */
function trial() {
  const model = twoStream({
    rgb: resnet3d({
      inputShape: [4, 12, 12, 1],
      width: 4,
      blocks: [1, 1],
      stemKernel: [3, 3, 3],
      poolStride: [1, 2, 2],
      seed: 1,
    }),
    skeleton: stgcn({ frames: 8, persons: 2, layout: graph, width: 4, blocks: [1, 1], seed: 2 }),
    classes: 3,
    at: [1, 2],
    seed: 3,
  });
  perturbWeights(model);
  const video = tf.randomUniform([3, 4, 12, 12, 1], 0, 1, 'float32', 1);
  const bodies = tf.concat(
    [tf.randomNormal([3, 1, 8, 4, 3], 0, 1, 'float32', 2), tf.zeros([3, 1, 8, 4, 3])],
    1,
  );
  const labels = tf.tensor1d([0, 1, 2], 'int32');
  const loss = (inputs: tf.Tensor[], training: boolean) => {
    const [logits, ...auxiliary] = model.apply(inputs, { training }) as tf.Tensor2D[];
    return amrLoss({ logits: logits!, auxiliary, labels });
  };
  const logits = (model.predict([video, bodies]) as tf.Tensor[])[0]!.arraySync();
  const gradients = tf
    .grads((v, b) => loss([v, b], false))([video, bodies])
    .map((g) => [...g.dataSync()]);
  const optimizer = tf.train.sgd(0.05);
  const losses = [0, 1, 2].map(
    () => optimizer.minimize(() => loss([video, bodies], true), true)!.dataSync()[0]!,
  );
  model.dispose();
  return { logits, gradients, losses };
}

describe.each(['wasm', 'onnx'] as const)('on the backend %s', (backend) => {
  useOn(backend);

  it('predicts, differentiates and trains as on cpu', async () => {
    await tf.setBackend('cpu');
    const cpu = trial();
    await tf.setBackend(backend);
    const own = trial();
    const close = (value: number) => expect.closeTo(value, 3);
    expect(own.logits).toEqual((cpu.logits as number[][]).map((row) => row.map(close)));
    expect(own.gradients).toEqual(cpu.gradients.map((gradient) => gradient.map(close)));
    expect(own.losses).toEqual(cpu.losses.map((value) => expect.closeTo(value, 2)));
    expect(own.losses[2]).toBeLessThan(own.losses[0]!);
  });
});
