/**
 * What the frozen path gains: PGD-20 on the skeleton of a two-stream model, with the RGB branch computed once a batch
 * and with it computed in every step, and on the RGB for comparison. `--json FILE` adds a line of JSON to a file.
 */
import { appendFileSync } from 'node:fs';
import { type Classifier, classifierOf, pgd, type ThreatModel } from '@amr/attacks';
import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';

const BATCH = 4;
const FRAMES = 8;
const SIZE = 28;
const CLASSES = 12;
const RUNS = 3;

type Symbol = SymbolicTensor;

/** A small 3D CNN on clips and a small network on skeletons, joined before the logits. */
function twoStream(): LayersModel {
  const rgb = input({ shape: [FRAMES, SIZE, SIZE, 3], name: 'rgb' });
  const skeleton = input({ shape: [2, FRAMES, 25, 3], name: 'skeleton' });
  let a = rgb as Symbol;
  for (const [filters, strides] of [
    [16, 1],
    [32, 2],
    [32, 1],
    [64, 2],
  ] as const) {
    a = layers
      .conv3d({ filters, strides, kernelSize: 3, padding: 'same', activation: 'relu' })
      .apply(a) as Symbol;
  }
  a = layers.dense({ units: 64 }).apply(layers.flatten().apply(a)) as Symbol;
  let b = layers.reshape({ targetShape: [2 * FRAMES * 25, 3] }).apply(skeleton) as Symbol;
  for (const units of [32, 64]) b = layers.dense({ units, activation: 'relu' }).apply(b) as Symbol;
  b = layers.globalAveragePooling1d({}).apply(b) as Symbol;
  const joined = layers.concatenate().apply([a, b]) as Symbol;
  return model({
    inputs: [rgb, skeleton],
    outputs: layers.dense({ units: CLASSES }).apply(joined) as Symbol,
  });
}

/** The fastest of several runs after one to warm up, in milliseconds, and the last result. */
async function timed<T extends tf.TensorContainer>(
  run: () => Promise<T>,
): Promise<{ ms: number; result: T }> {
  let result = await run();
  let ms = Infinity;
  for (let i = 0; i < RUNS; i++) {
    tf.dispose(result);
    const start = performance.now();
    result = await run();
    ms = Math.min(ms, performance.now() - start);
  }
  return { ms, result };
}

const { backend } = await useBackend({ backend: 'wasm' });
const classifier = classifierOf(twoStream());
/** The same without `frozen`. */
const whole: Classifier = (inputs) => classifier(inputs);
const inputs = {
  rgb: tf.randomUniform([BATCH, FRAMES, SIZE, SIZE, 3], 0, 1, 'float32', 1),
  skeleton: tf.randomNormal([BATCH, 2, FRAMES, 25, 3], 0, 0.5, 'float32', 2),
};
const labels = tf.tidy(() => tf.argMax<tf.Tensor1D>(classifier(inputs), 1));
const attacked = (threatModel: ThreatModel, on: Classifier) =>
  timed(() => pgd(threatModel, { steps: 20 }).perturb(on, inputs, labels));

const skeleton: ThreatModel = { skeleton: { norm: 'linf', epsilon: 0.02 } };
const rgb: ThreatModel = { rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] } };
const frozen = await attacked(skeleton, classifier);
const unfrozen = await attacked(skeleton, whole);
const clip = await attacked(rgb, classifier);
const apart = tf
  .tidy(() => tf.max(tf.abs(tf.sub(frozen.result.skeleton!, unfrozen.result.skeleton!))))
  .dataSync()[0]!;

const row = (what: string, ms: number) => console.log(`${what.padEnd(52)}${ms.toFixed(0).padStart(8)} ms`);
console.log(
  `PGD-20, batch of ${BATCH}, clips of ${FRAMES} frames of ${SIZE} x ${SIZE}, ${backend}, fastest of ${RUNS}`,
);
row('skeleton attacked, RGB branch frozen', frozen.ms);
row('skeleton attacked, RGB branch in every step', unfrozen.ms);
row('RGB attacked, skeleton branch frozen', clip.ms);
console.log(
  `frozen is ${(unfrozen.ms / frozen.ms).toFixed(1)} times as fast; results differ by at most ${apart.toExponential(1)}`,
);

const json = process.argv[process.argv.indexOf('--json') + 1];
if (process.argv.includes('--json') && json) {
  const figures = { frozen: frozen.ms, unfrozen: unfrozen.ms, rgb: clip.ms, apart };
  appendFileSync(
    json,
    `${JSON.stringify({ benchmark: 'attacks/frozen', backend, milliseconds: figures })}\n`,
  );
}
