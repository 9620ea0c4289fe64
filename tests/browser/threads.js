// Computes on the wasm backend with a given number of threads and prints the values. Then the process has to end by itself.
import { useBackend } from '@amr/backend';
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

await useBackend({ backend: 'wasm', threads: Number(process.argv[2]) });
const values = tf.tidy(() => {
  const x = tf.randomNormal([2, 6, 20, 20, 3], 0, 1, 'float32', 1);
  const filter = tf.randomNormal([3, 5, 5, 3, 16], 0, 0.1, 'float32', 2);
  return [
    ...tf.matMul(tf.reshape(tf.conv3d(x, filter, [1, 2, 2], 'same'), [-1, 16]), tf.ones([16, 2])).dataSync(),
  ];
});
console.log(JSON.stringify({ threads: getThreadsCount(), values }));
