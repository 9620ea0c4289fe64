import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { BackendUnavailableError, useBackend } from './index.js';

/** What importing a package that isn't there throws. */
const missing = (specifier: string) =>
  Object.assign(new Error(`Cannot find package '${specifier}' imported from here`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });

/** An importer of a machine on which only the packages named are installed; each registers its backend as it loads. */
const machine = (installed: { [specifier: string]: () => void }) => async (specifier: string) => {
  const install = installed[specifier];
  if (!install) throw missing(specifier);
  install();
  return {};
};

/** Registers a backend as tfjs-node does: 'tensorflow', with a flag that says whether it found a GPU. */
const native = (isUsingGpuDevice: boolean) => () => {
  const backend = Object.assign(new tf.KernelBackend(), { isUsingGpuDevice, dispose() {} });
  tf.registerBackend('tensorflow', () => backend, 3);
};

const gpu = '@tensorflow/tfjs-node-gpu';
const node = '@tensorflow/tfjs-node';
const webgpu = '@tensorflow/tfjs-backend-webgpu';

afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await tf.setBackend('cpu');
  for (const name of ['tensorflow', 'webgpu']) if (tf.findBackendFactory(name)) tf.removeBackend(name);
});

test('on this machine: wasm, with reasons for the three before it, and it computes', async () => {
  const choice = await useBackend();
  expect(choice).toMatchObject({ backend: 'wasm', registeredAs: 'wasm' });
  expect(choice.passedOver).toEqual([
    { backend: 'tfjs-node-gpu', reason: `${gpu} is not installed` },
    { backend: 'tfjs-node', reason: `${node} is not installed` },
    { backend: 'webgpu', reason: expect.stringContaining('navigator.gpu') },
  ]);
  expect(choice.kernels).toContain('Conv3DBackpropFilterV2');
  expect(tf.getBackend()).toBe('wasm');
  expect([...tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync())]).toEqual([11]);
});

test('tfjs-node-gpu comes first where it is installed and has a GPU', async () => {
  const importer = machine({ [gpu]: native(true), [node]: native(false) });
  const choice = await useBackend({ importer });
  expect(choice).toEqual({
    backend: 'tfjs-node-gpu',
    registeredAs: 'tensorflow',
    passedOver: [],
    kernels: [],
  });
  expect(tf.getBackend()).toBe('tensorflow');
});

test('a tfjs-node-gpu without a GPU is passed over for tfjs-node', async () => {
  const choice = await useBackend({ importer: machine({ [gpu]: native(false), [node]: native(false) }) });
  expect(choice.backend).toBe('tfjs-node');
  expect(choice.passedOver).toEqual([
    { backend: 'tfjs-node-gpu', reason: expect.stringContaining('sees no GPU') },
  ]);
});

test('a package that loads but registers nothing is passed over', async () => {
  const importer = machine({ [node]: () => {} });
  await expect(useBackend({ backend: 'tfjs-node', importer })).rejects.toThrow(/registered no backend/);
});

test('a package that fails to load is passed over with its own message', async () => {
  const importer = async () => {
    throw new Error('The Node.js native addon module can not be found\nat some path');
  };
  await expect(useBackend({ backend: 'tfjs-node', importer })).rejects.toThrow(
    /failed to load: The Node\.js native addon module can not be found\. Install it with/,
  );
});

test('webgpu is taken where there is a GPU in the navigator and its package', async () => {
  vi.stubGlobal('navigator', { gpu: {} });
  const importer = machine({
    [webgpu]: () => {
      tf.registerBackend('webgpu', async () => Object.assign(new tf.KernelBackend(), { dispose() {} }), 3);
    },
  });
  expect(await useBackend({ importer })).toMatchObject({
    backend: 'webgpu',
    registeredAs: 'webgpu',
    kernels: [],
  });
});

test('a backend that does not start is passed over and leaves the one before in place', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {}); // tfjs prints the failure
  vi.stubGlobal('navigator', { gpu: {} });
  const importer = machine({
    [webgpu]: () => {
      tf.registerBackend('webgpu', () => Promise.reject(new Error('no adapter')), 3);
    },
  });
  await expect(useBackend({ backend: 'webgpu', importer })).rejects.toThrow(BackendUnavailableError);
  expect(tf.getBackend()).toBe('cpu');
});

test('an explicit choice that cannot be had says what is wrong and how to install it', async () => {
  const error = await useBackend({ backend: 'tfjs-node', importer: machine({}) }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(BackendUnavailableError);
  expect(error).toMatchObject({
    name: 'BackendUnavailableError',
    backend: 'tfjs-node',
    reason: `${node} is not installed`,
    remedy: expect.stringContaining(`npm install ${node}@4.22.0`),
  });
});

test('a name that is no backend is an error with those that are', async () => {
  await expect(useBackend({ backend: 'cuda' as 'cpu' })).rejects.toThrow(
    /unknown backend 'cuda'.*'tfjs-node-gpu', 'tfjs-node', 'webgpu', 'wasm', 'cpu'/,
  );
});

test('cpu on request, and back to wasm', async () => {
  expect(await useBackend({ backend: 'cpu' })).toEqual({
    backend: 'cpu',
    registeredAs: 'cpu',
    passedOver: [],
    kernels: [],
  });
  expect((await useBackend({ backend: 'wasm' })).backend).toBe('wasm');
});

test('what tfjs-node misses in util on Node 23 and later is put back before it loads', async () => {
  const util: { isNullOrUndefined?: (value: unknown) => boolean; isArray?: unknown } = {};
  vi.stubGlobal('process', Object.assign(Object.create(process), { getBuiltinModule: () => util }));
  let seen: boolean[] = [];
  const importer = async () => {
    seen = [null, undefined, 0].map((value) => util.isNullOrUndefined!(value));
    native(false)();
  };
  await useBackend({ backend: 'tfjs-node', importer });
  expect(seen).toEqual([true, true, false]);
  expect(util.isArray).toBe(Array.isArray);
});

test('in Node the package webgpu gives WebGPU; an adapter without a graphics card is taken by name only', async () => {
  vi.stubGlobal('navigator', undefined);
  const info = { architecture: 'swiftshader', description: 'SwiftShader', isFallbackAdapter: true };
  const create = () => ({ requestAdapter: async () => ({ info }) });
  const backends = machine({
    [webgpu]: () => {
      tf.registerBackend('webgpu', async () => Object.assign(new tf.KernelBackend(), { dispose() {} }), 3);
    },
  });
  const importer = async (specifier: string) =>
    specifier === 'webgpu' ? { create, globals: {} } : backends(specifier);
  const byItself = await useBackend({ importer });
  expect(byItself.backend).not.toBe('webgpu');
  expect(byItself.passedOver.at(-1)).toEqual({
    backend: 'webgpu',
    reason: expect.stringContaining('computes on the processor (SwiftShader)'),
  });
  const choice = await useBackend({ backend: 'webgpu', importer });
  expect(choice).toMatchObject({ backend: 'webgpu', passedOver: [] });
});
