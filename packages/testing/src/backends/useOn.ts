import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';

/**
 * Has the tests of a `describe` run on a backend, and those after them on cpu again. Where onnx can't be had, since its
 * package is optional, they are skipped with the reason.
 */
export function useOn(backend: 'wasm' | 'onnx'): void {
  let missing = '';
  beforeAll(async () => {
    missing = await useBackend({ backend }).then(
      () => '',
      (error: Error) => {
        if (backend !== 'onnx') throw error;
        return error.message;
      },
    );
    // Nothing is too small for it here.
    if (backend === 'onnx' && !missing) tf.env().set('ONNX_CPU_FORWARD', false);
  });
  beforeEach(({ skip }) => skip(missing !== '', missing));
  afterAll(async () => {
    await tf.setBackend('cpu');
  });
}
