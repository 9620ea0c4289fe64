import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** A fresh copy of the module, which keeps the GPU object that it made. */
const fresh = async () => (await import('./nodeWebgpu.js')).provideWebgpu;

/** The package `webgpu` on a machine with this adapter. */
const dawn = (adapter: object | null) => {
  const requestAdapter = vi.fn(async () => adapter);
  const create = vi.fn((_options: string[]) => ({ requestAdapter }));
  return { create, globals: { GPUBufferUsage: { STORAGE: 0x80 } }, requestAdapter };
};
const card = {
  info: { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H100', isFallbackAdapter: false },
};
const swiftshader = {
  info: {
    vendor: 'google',
    architecture: 'swiftshader',
    description: 'SwiftShader driver 5.0.0',
    isFallbackAdapter: true,
  },
};

const gpuOf = (place: object = globalThis) => (place as { navigator?: { gpu?: unknown } }).navigator?.gpu;

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('navigator', undefined);
  vi.stubGlobal('GPUBufferUsage', undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('a graphics card: navigator.gpu and the globals are in place, in a Node without a navigator', async () => {
  const provideWebgpu = await fresh();
  const { create, globals } = dawn(card);
  expect(await provideWebgpu(async () => ({ create, globals }), false)).toBeUndefined();
  expect(gpuOf()).toBe(create.mock.results[0]!.value);
  expect((globalThis as { GPUBufferUsage?: object }).GPUBufferUsage).toBe(globals.GPUBufferUsage);
});

test('a navigator like that of Node 21 and later, which only a getter gives, keeps what it has', async () => {
  const provideWebgpu = await fresh();
  const navigator = { hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, 'navigator', { get: () => navigator, configurable: true });
  const { create, globals } = dawn(card);
  expect(await provideWebgpu(async () => ({ create, globals }), false)).toBeUndefined();
  expect(globalThis.navigator).toBe(navigator);
  expect(navigator).toMatchObject({ hardwareConcurrency: 2, gpu: create.mock.results[0]!.value });
});

test('the GPU object is made once', async () => {
  const provideWebgpu = await fresh();
  const { create, globals } = dawn(card);
  const load = vi.fn(async () => ({ create, globals }));
  await provideWebgpu(load, false);
  vi.stubGlobal('navigator', undefined);
  await provideWebgpu(load, true);
  expect(load).toHaveBeenCalledOnce();
  expect(create).toHaveBeenCalledOnce();
  expect(gpuOf()).toBe(create.mock.results[0]!.value);
});

test('a navigator.gpu of the user is left alone', async () => {
  const provideWebgpu = await fresh();
  const gpu = {};
  vi.stubGlobal('navigator', { gpu });
  const load = vi.fn();
  expect(await provideWebgpu(load, false)).toBeUndefined();
  expect(load).not.toHaveBeenCalled();
  expect(gpuOf()).toBe(gpu);
});

test.each([
  ['SwiftShader', swiftshader],
  ['an adapter of before the info had the flag', { isFallbackAdapter: true }],
  [
    'lavapipe',
    { info: { vendor: 'mesa', architecture: '', description: 'llvmpipe (LLVM 19.1.7, 256 bits)' } },
  ],
])('%s computes on the CPU: used only on request, also after a request', async (_, adapter) => {
  const provideWebgpu = await fresh();
  const { create, globals } = dawn(adapter);
  const load = async () => ({ create, globals });
  expect(await provideWebgpu(load, false)).toMatch(/computes on the processor.*slower than wasm/);
  expect(gpuOf()).toBeUndefined();
  expect(await provideWebgpu(load, true)).toBeUndefined();
  expect(gpuOf()).toBeDefined();
  expect(await provideWebgpu(load, false)).toMatch(/computes on the processor/);
});

test('no adapter, or no package: a reason, and no trace', async () => {
  const provideWebgpu = await fresh();
  const { create, globals } = dawn(null);
  expect(await provideWebgpu(async () => ({ create, globals }), true)).toMatch(/no adapter/);
  const missing = () => Promise.reject(new Error('webgpu is not installed'));
  expect(await provideWebgpu(missing, true)).toBe('navigator.gpu is missing, and webgpu is not installed');
  expect(gpuOf()).toBeUndefined();
  expect((globalThis as { GPUBufferUsage?: object }).GPUBufferUsage).toBeUndefined();
});

test('an adapter request that fails is a reason as well', async () => {
  const provideWebgpu = await fresh();
  const { create, globals, requestAdapter } = dawn(card);
  requestAdapter.mockRejectedValue(new Error('no instance'));
  expect(await provideWebgpu(async () => ({ create, globals }), true)).toMatch(/no instance/);
});
