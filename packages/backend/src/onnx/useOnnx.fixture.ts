import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { bindingSpecifier, isBinding, type NativeBinding, Runtime } from './graph/runtime.js';
import { registerOnnxBackend } from './registerOnnxBackend.js';

/** Onnxruntime-node's binding, where the optional package is installed. */
export const onnxBinding: NativeBinding | undefined = (() => {
  try {
    const loaded: unknown = createRequire(import.meta.url)(bindingSpecifier);
    return isBinding(loaded) ? loaded : undefined;
  } catch {
    return undefined;
  }
})();

/** Prints that onnx is not tested, which explains the names of skipped tests. */
export const withoutOnnx = (what: string) =>
  console.warn(`${what}: not on onnx, since onnxruntime-node isn't installed.`);

/** Makes onnx ready, for tensors of any size; for beforeAll. */
export async function useOnnx(): Promise<void> {
  if (onnxBinding && !tf.findBackendFactory('onnx')) {
    registerOnnxBackend(new Runtime(onnxBinding, 2));
  }
  tf.env().set('ONNX_CPU_FORWARD', false);
  await tf.setBackend('onnx');
}
