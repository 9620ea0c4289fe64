import { useBackend } from '@amr/backend';
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients

/** What a cross-origin isolated page reports. */
export interface ThreadsResult {
  /** Whether the page is isolated, without which it can't share memory. */
  isolated: boolean;
  /** Threads of the wasm backend. */
  threads: number;
  /** Whether the backend's memory is shared. */
  shared: boolean;
  /** A convolution's loss and the sums of its gradients, on wasm and on cpu. */
  values: { wasm: number[]; cpu: number[] };
}

/** One number each for the loss and the gradients of a strided 3D convolution and a matrix product. */
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

/** Computes on the wasm backend with so many threads, and on the cpu backend. */
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

/** The functions that the test calls. */
export type ThreadsFunctions = { tryThreads: typeof tryThreads };

Object.assign(globalThis, { tryThreads } satisfies ThreadsFunctions);
document.title = 'ready';
