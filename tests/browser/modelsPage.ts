import { useBackend } from '@amr/backend';
import '@amr/encoders';
import '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import type { Sample } from '../savedModel.js';

/** What the page computes with a saved model. */
interface PageResult {
  /** Name of the backend. */
  backend: string;
  /** Values of each output for the sample's inputs. */
  outputs: number[][];
  /** The loss before each step of training. */
  losses: number[];
}

/** Loads the model in a folder of the server, computes its outputs for its sample, and trains it towards other outputs. */
async function tryModel(folder: string): Promise<PageResult> {
  const model = await loadLayersModel(`${folder}/model.json`);
  const sample: Sample = await (await fetch(`${folder}/sample.json`)).json();
  const xs = sample.inputs.map(({ values, shape }) => tf.tensor(values, shape));
  const results = (training: boolean) => [model.apply(xs, { training })].flat() as tf.Tensor[];
  const first = results(false);
  const outputs = await Promise.all(first.map(async (y) => [...(await y.data())]));
  const targets = first.map((y) => tf.add(y, tf.randomNormal(y.shape, 0, 1, 'float32', 1)));
  const optimizer = tf.train.adam(0.01);
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const loss = optimizer.minimize(() => {
      const distances = results(true).map((y, i) => tf.mean(tf.squaredDifference(y, targets[i]!)));
      return tf.addN(distances) as tf.Scalar;
    }, true)!;
    losses.push((await loss.data())[0]!);
    loss.dispose();
  }
  tf.dispose([xs, first, targets]);
  optimizer.dispose();
  model.dispose();
  return { backend: tf.getBackend(), outputs, losses };
}

/** The functions that the test calls. */
export type PageFunctions = { tryModel: typeof tryModel };

Object.assign(globalThis, { tryModel } satisfies PageFunctions);
await useBackend({ backend: 'wasm', wasmPaths: '/wasm/' });
document.title = 'ready';
