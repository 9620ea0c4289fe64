import { getKernel, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { originalWebgpuKernel, registerWebgpuKernels, unregisterWebgpuKernels } from '../index.js';

// tests/webgpu compares the kernels' results where there is an adapter. Here a stand-in counts the calls of tfjs's kernels.

const info = (shape: number[]): TensorInfo => ({ dataId: {}, shape, dtype: 'float32' });

afterEach(() => {
  unregisterWebgpuKernels();
  if (getKernel('AddN', 'webgpu')) unregisterKernel('AddN', 'webgpu');
});

test('without the backend the error says what to do', () => {
  expect(() => registerWebgpuKernels()).toThrow(/Import @tensorflow\/tfjs-backend-webgpu first/);
});

test('replaces existing kernels, a second call changes nothing, and the originals are restored', () => {
  const stock = vi.fn(() => info([2]));
  registerKernel({ kernelName: 'AddN', backendName: 'webgpu', kernelFunc: stock });
  expect(registerWebgpuKernels()).toEqual(['AddN']);
  const ours = getKernel('AddN', 'webgpu');
  expect(ours!.kernelFunc).not.toBe(stock);
  expect(registerWebgpuKernels()).toEqual(['AddN']);
  expect(getKernel('AddN', 'webgpu')).toBe(ours);
  expect(originalWebgpuKernel('AddN')!.kernelFunc).toBe(stock);
  unregisterWebgpuKernels();
  expect(getKernel('AddN', 'webgpu')!.kernelFunc).toBe(stock);
});

test.each([1, 6, 7, 8, 13, 14, 40])(
  'AddN of %i adds each term once, at most 7 at a time, and keeps no sum',
  (count) => {
    const disposed: object[] = [];
    const made: object[] = [];
    const added: object[] = [];
    const stock = ({ inputs }: { inputs: object }) => {
      const terms = Object.values(inputs) as TensorInfo[];
      expect(terms.length).toBeLessThanOrEqual(7);
      added.push(...terms.map(({ dataId }) => dataId));
      const sum = info([2]);
      made.push(sum.dataId);
      return sum;
    };
    registerKernel({ kernelName: 'AddN', backendName: 'webgpu', kernelFunc: stock as never });
    registerWebgpuKernels();
    const terms = Array.from({ length: count }, () => info([2]));
    const backend = { disposeData: (dataId: object) => disposed.push(dataId) };
    const sum = getKernel('AddN', 'webgpu')!.kernelFunc({ inputs: terms as never, backend }) as TensorInfo;
    expect(added.filter((dataId) => terms.some((term) => term.dataId === dataId)).length).toBe(count);
    expect(new Set(added).size).toBe(added.length);
    expect([...disposed, sum.dataId]).toEqual(made);
  },
);
