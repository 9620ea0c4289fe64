import { useBackend } from '@amr/backend';
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients

/** What a page that is cross-origin isolated finds out. */
export interface ThreadsResult {
  /** Whether the page may share memory at all. */
  isolated: boolean;
  /** Threads of the wasm backend. */
  threads: number;
  /** Whether its memory is shared. */
  shared: boolean;
  /** A convolution's loss and the sums of its gradients, on wasm and on cpu. */
  values: { wasm: number[]; cpu: number[] };
}

/** A number of the forward pass and of each gradient of a strided 3D convolution and a product of matrices. */
function numbers(): number[] {
  return tf.tidy(() => {
    const x = tf.randomNormal([2, 6, 20, 20, 3], 0, 1, 'float32', 1) as tf.Tensor5D;
    const filter = tf.randomNormal([3, 5, 5, 3, 16], 0, 0.1, 'float32', 2) as tf.Tensor5D;
    const dense = tf.randomNormal([16, 8], 0, 1, 'float32', 3) as tf.Tensor2D;
    const loss = (a: tf.Tensor, f: tf.Tensor, d: tf.Tensor) => {
      const y = tf.relu(tf.conv3d(a as tf.Tensor5D, f as tf.Tensor5D, [1, 2, 2], 'same'));
      return tf.mean(tf.square(tf.matMul(tf.reshape(y, [-1, 16]), d as tf.Tensor2D))) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)([x, filter, dense]);
    return [value, ...grads].map((t) => tf.sum(tf.abs(t)).dataSync()[0]!);
  });
}

/** Computes on the threads that were asked for, and on the cpu backend. */
async function tryThreads(threads: number): Promise<ThreadsResult> {
  await useBackend({ backend: 'wasm', wasmPaths: '/wasm/', threads });
  const { wasm: module } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  const shared = module.HEAPU8.buffer instanceof SharedArrayBuffer;
  const wasm = numbers();
  await useBackend({ backend: 'cpu' });
  return {
    isolated: crossOriginIsolated,
    threads: getThreadsCount(),
    shared,
    values: { wasm, cpu: numbers() },
  };
}

/** What the test calls. */
export type ThreadsFunctions = { tryThreads: typeof tryThreads };

Object.assign(globalThis, { tryThreads } satisfies ThreadsFunctions);
document.title = 'ready';
