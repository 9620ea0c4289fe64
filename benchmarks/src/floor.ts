// The highest rates of the cores, and how long the passes of each network would take at these rates: `pnpm bench floor`.
// Compare with the times of `pnpm bench networks`.
import { availableParallelism, cpus } from 'node:os';
import { useBackend } from '@amr/backend';
import { multiplyAdds } from '@amr/encoders';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { cases } from './networks/cases.js';

const ROUNDS = 30;

/** Milliseconds of the fastest of some runs. */
async function fastest(compute: () => tf.Tensor): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const result = tf.tidy(compute);
    await result.data();
    least = Math.min(least, performance.now() - start);
    result.dispose();
  }
  return least;
}

// Wide channels and small borders: the best case of a convolution. Its result is small compared with its work.
const [bodies, frames, joints, channels, taps] = [8, 16, 25, 256, 9];
const operations = 2 * bodies * frames * joints * channels * channels * taps;
// Larger than any cache, read twice and written once.
const elements = 2 ** 24;

const { backend } = await useBackend();
console.log(
  `${backend}, Node ${process.version}, ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`,
);

const image = tf.randomNormal([bodies, frames, joints, channels]) as tf.Tensor4D;
const filter = tf.randomNormal([taps, 1, channels, channels]) as tf.Tensor4D;
const convolution = await fastest(() => tf.conv2d(image, filter, 1, 'same'));
const [left, right] = [tf.randomNormal([elements]), tf.randomNormal([elements])];
const sum = await fastest(() => tf.add(left, right));
tf.dispose([image, filter, left, right]);

const rate = operations / convolution / 1e6;
console.log(
  `conv2d of ${bodies}x${frames}x${joints}x${channels} with ${taps}x1x${channels}x${channels}: ${rate.toFixed(0)} GFLOP/s`,
);
console.log(
  `add of two arrays of ${(4 * elements) / 2 ** 20} MiB: ${((12 * elements) / sum / 1e6).toFixed(1)} GB/s\n`,
);

console.log(
  `milliseconds that the multiplications and additions of a batch take at ${rate.toFixed(0)} GFLOP/s`,
);
console.log(
  ['network', 'batch', 'forward', 'gradient', 'training']
    .map((cell, i) => (i ? cell.padStart(10) : cell.padEnd(28)))
    .join(''),
);
for (const { title, batch, hidden, build } of cases) {
  if (hidden) continue;
  const model = build();
  const forward = (2 * batch * multiplyAdds(model)) / rate / 1e6;
  model.dispose();
  // Gradients of the inputs repeat the work of the forward pass, gradients of the weights repeat it once more.
  const row = [title, String(batch), ...[1, 2, 3].map((passes) => (passes * forward).toFixed(1))];
  console.log(row.map((cell, i) => (i ? cell.padStart(10) : cell.padEnd(28))).join(''));
}
process.exit(0);
