import { availableParallelism } from 'node:os';
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

/** Registers a backend as tfjs-backend-webgpu does, with one of its kernels. */
const dawn = () => {
  tf.registerBackend('webgpu', async () => Object.assign(new tf.KernelBackend(), { dispose() {} }), 3);
  if (tf.getKernel('AddN', 'webgpu')) return;
  const { kernelFunc } = tf.getKernel('AddN', 'cpu')!;
  tf.registerKernel({ kernelName: 'AddN', backendName: 'webgpu', kernelFunc });
};

const gpu = '@tensorflow/tfjs-node-gpu';
const node = '@tensorflow/tfjs-node';
const webgpu = '@tensorflow/tfjs-backend-webgpu';
const onnx = 'onnxruntime-node';
const onnxBinding = `${onnx}/dist/binding.js`;

/** onnxruntime-node's binding as far as it takes to start: sessions that give -7. `threads` takes what they are told. */
const fakeBinding = (threads: number[], result = -7) => ({
  initOrt: () => {},
  binding: {
    InferenceSession: class {
      loadModel(_: unknown, __: number, ___: number, { intraOpNumThreads }: { intraOpNumThreads: number }) {
        threads.push(intraOpNumThreads);
      }
      run(_: object, fetches: object) {
        const output = { type: 'float32', dims: [1], data: Float32Array.of(result) };
        return Object.fromEntries(Object.keys(fetches).map((name) => [name, output]));
      }
      dispose() {}
    },
  },
});

afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await tf.setBackend('cpu');
  for (const name of ['tensorflow', 'webgpu', 'onnx'])
    if (tf.findBackendFactory(name)) tf.removeBackend(name);
});

test('on this machine: onnx or wasm, with reasons for those before it, and it computes', async () => {
  const choice = await useBackend();
  const reasons = [
    { backend: 'tfjs-node-gpu', reason: `${gpu} is not installed` },
    { backend: 'tfjs-node', reason: `${node} is not installed` },
    { backend: 'webgpu', reason: expect.stringContaining('navigator.gpu') },
    { backend: 'onnx', reason: `${onnx} is not installed` },
  ];
  // Where the optional package is installed the order ends with it.
  const backend = choice.skipped.length === reasons.length ? 'wasm' : 'onnx';
  expect(choice).toMatchObject({ backend, registeredAs: backend });
  expect(choice.skipped).toEqual(reasons.slice(0, backend === 'wasm' ? 4 : 3));
  expect(tf.getBackend()).toBe(backend);
  expect([...tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync())]).toEqual([11]);
});

test('wasm on a machine without optional packages, with the kernels that training needs', async () => {
  const wasm = '@tensorflow/tfjs-backend-wasm';
  const importer = (specifier: string) => (specifier === wasm ? import(wasm) : machine({})(specifier));
  const choice = await useBackend({ importer });
  expect(choice).toMatchObject({ backend: 'wasm', registeredAs: 'wasm' });
  expect(choice.skipped.map(({ backend }) => backend)).toEqual([
    'tfjs-node-gpu',
    'tfjs-node',
    'webgpu',
    'onnx',
  ]);
  expect(choice.skipped.at(-1)!.reason).toBe(`${onnx} is not installed`);
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
    skipped: [],
    kernels: [],
  });
  expect(tf.getBackend()).toBe('tensorflow');
});

test('a tfjs-node-gpu without a GPU is skipped in favour of tfjs-node', async () => {
  const choice = await useBackend({ importer: machine({ [gpu]: native(false), [node]: native(false) }) });
  expect(choice.backend).toBe('tfjs-node');
  expect(choice.skipped).toEqual([
    { backend: 'tfjs-node-gpu', reason: expect.stringContaining('sees no GPU') },
  ]);
});

test('a package that loads but registers nothing is skipped', async () => {
  const importer = machine({ [node]: () => {} });
  await expect(useBackend({ backend: 'tfjs-node', importer })).rejects.toThrow(/registered no backend/);
});

test('a package that fails to load is skipped, with its own message', async () => {
  const importer = async () => {
    throw new Error('The Node.js native addon module can not be found\nat some path');
  };
  await expect(useBackend({ backend: 'tfjs-node', importer })).rejects.toThrow(
    /failed to load: The Node\.js native addon module can not be found\); expected an installed backend\. Install it with/,
  );
});

test('webgpu is taken where there is a GPU in the navigator and its package', async () => {
  vi.stubGlobal('navigator', { gpu: {} });
  const importer = machine({ [webgpu]: dawn });
  expect(await useBackend({ importer })).toMatchObject({
    backend: 'webgpu',
    registeredAs: 'webgpu',
    kernels: ['AddN'],
  });
});

test('a backend that does not start is skipped and leaves the one before in place', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {}); // tfjs prints the failure
  vi.stubGlobal('navigator', { gpu: {} });
  const importer = machine({
    [webgpu]: () => {
      dawn();
      tf.removeBackend('webgpu');
      tf.registerBackend('webgpu', () => Promise.reject(new Error('no adapter')), 3);
    },
  });
  await expect(useBackend({ backend: 'webgpu', importer })).rejects.toThrow(BackendUnavailableError);
  expect(tf.getBackend()).toBe('cpu');
});

test('onnx has as many threads as asked for, or one for each core, and takes CommonJS by its default export', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const threads: number[] = [];
  const importer = async (specifier: string) => {
    if (specifier !== onnxBinding) throw missing(specifier);
    return { default: fakeBinding(threads) };
  };
  const choice = await useBackend({ backend: 'onnx', importer, threads: 3 });
  expect(choice).toEqual({ backend: 'onnx', registeredAs: 'onnx', skipped: [], kernels: [] });
  tf.removeBackend('onnx');
  await useBackend({ importer });
  expect(tf.getBackend()).toBe('onnx');
  expect(new Set(threads)).toEqual(new Set([3, availableParallelism()]));
});

test.each([
  ['that is not there', async () => Promise.reject(missing(onnx)), /onnxruntime-node is not installed/],
  ['that computes otherwise', async () => fakeBinding([], 7), /does not compute: -7 is 7/],
  ['of another kind', async () => ({ default: { binding: {} } }), /is not what it is in version 1\.30/],
])(
  'an onnxruntime-node %s is skipped, and the reason says how to install it',
  async (_, importer, reason) => {
    const error = await useBackend({ backend: 'onnx', importer }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BackendUnavailableError);
    expect(error).toMatchObject({
      reason: expect.stringMatching(reason),
      remedy: expect.stringContaining('ONNXRUNTIME_NODE_INSTALL=skip'),
    });
    expect(tf.findBackendFactory('onnx')).toBeFalsy();
  },
);

test('onnx is for Node', async () => {
  vi.spyOn(tf.env(), 'getBool').mockImplementation((flag) => flag !== 'IS_NODE');
  await expect(useBackend({ backend: 'onnx' })).rejects.toThrow(/it runs in Node only/);
});

test.each([0, -1, 1.5, Number.NaN])('%f threads are refused', async (threads) => {
  await expect(useBackend({ threads })).rejects.toThrow(
    /useBackend\.threads: got \S+; expected a whole number from 1\./,
  );
});

test('an explicit choice that is not available names the reason and how to install it', async () => {
  const error = await useBackend({ backend: 'tfjs-node', importer: machine({}) }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(BackendUnavailableError);
  expect(error).toMatchObject({
    name: 'BackendUnavailableError',
    code: 'AMR_BACKEND_UNAVAILABLE',
    backend: 'tfjs-node',
    reason: `${node} is not installed`,
    remedy: expect.stringContaining(`npm install ${node}@4.22.0`),
  });
});

test.each([
  ['wasmPath', /useBackend\.wasmPath: got an unknown option; expected wasmPaths\./],
  ['device', /useBackend\.device: got an unknown option; expected /],
])('the option %s is refused before anything is loaded', async (name, message) => {
  const importer = async () => expect.fail('nothing must be loaded');
  const call = useBackend({ importer, [name]: 'gpu' });
  await expect(call).rejects.toMatchObject({
    code: 'AMR_BACKEND_OPTION',
    message: expect.stringMatching(message),
  });
});

test('an unknown backend is an error that lists the known ones', async () => {
  await expect(useBackend({ backend: 'cuda' as 'cpu' })).rejects.toThrow(
    /useBackend\.backend: got 'cuda'; expected one of tfjs-node-gpu, tfjs-node, webgpu, onnx, wasm, cpu\./,
  );
});

test('cpu on request, and back to wasm', async () => {
  expect(await useBackend({ backend: 'cpu' })).toEqual({
    backend: 'cpu',
    registeredAs: 'cpu',
    skipped: [],
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
  const backends = machine({ [webgpu]: dawn });
  const importer = async (specifier: string) =>
    specifier === 'webgpu' ? { create, globals: {} } : backends(specifier);
  const byItself = await useBackend({ importer });
  expect(byItself.backend).not.toBe('webgpu');
  expect(byItself.skipped[2]).toEqual({
    backend: 'webgpu',
    reason: expect.stringContaining('computes on the processor (SwiftShader)'),
  });
  const choice = await useBackend({ backend: 'webgpu', importer });
  expect(choice).toMatchObject({ backend: 'webgpu', skipped: [] });
});
