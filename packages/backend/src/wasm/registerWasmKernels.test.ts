import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { originalWasmKernel, registerWasmKernels, unregisterWasmKernels, useBackend } from '../index.js';

test('without the wasm backend the error says where to get it', () => {
  expect(() => registerWasmKernels()).toThrow(/useBackend\(\{ backend: 'wasm' \}\)/);
});

test('installs kernels once, without a warning, and removes them again', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await useBackend({ backend: 'wasm', wasmKernels: false });
  const stock = tf.getKernel('Conv3D', 'wasm');
  const names = registerWasmKernels();
  const composed = tf.getKernel('Conv3D', 'wasm');
  expect(composed).not.toBe(stock);
  expect(registerWasmKernels()).toEqual(names);
  expect(tf.getKernel('Conv3D', 'wasm')).toBe(composed);
  expect(originalWasmKernel('Conv3D')).toBe(stock);
  expect(originalWasmKernel('Conv2DBackpropFilter')).toBeUndefined();
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBeDefined();

  unregisterWasmKernels();
  expect(tf.getKernel('Conv3D', 'wasm')).toBe(stock);
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBeUndefined();
  unregisterWasmKernels();
  expect(originalWasmKernel('Conv3D')).toBe(stock);
  expect(warn).not.toHaveBeenCalled();
});
