import {
  backend as currentBackend,
  env,
  findBackend,
  findBackendFactory,
  getBackend,
  ready,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';
import { type BackendName, BackendUnavailableError } from './errors.js';
import { checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from './options.js';
import { registerWasmKernels } from './wasm/registerWasmKernels.js';
import { MAX_THREADS, registerThreadedWasm } from './wasm/threadedWasm.js';
import { provideWebgpu } from './webgpu/nodeWebgpu.js';
import { registerWebgpuKernels } from './webgpu/registerWebgpuKernels.js';

/** Options of {@link useBackend}. */
export interface UseBackendOptions {
  /** The backend to use; an error when it is not available. Default: the first available one of the order. */
  backend?: BackendName;
  /**
   * Where the wasm backend finds its `.wasm` files: a folder's URL with its slash, or a URL for each file. A bundled
   * page must set it; Node finds the files in the package. Ignored once the wasm backend runs.
   */
  wasmPaths?: string | { [file: string]: string };
  /** Whether wasm gets the kernels of {@link registerWasmKernels}. Default true. */
  wasmKernels?: boolean;
  /**
   * Threads that compute, for onnx and wasm.
   *
   * onnx: any number. Default: all cores that this process may use. Several workers that compute at the same time should
   * divide the cores among them. Ignored once the onnx backend is registered.
   *
   * wasm: 1 to 8, among which XNNPACK divides convolutions and matrix products. A larger number counts as 8, or is an error
   * when `backend` is 'wasm'. Default: 1 in Node; half of the cores in a page that is cross-origin isolated, which a lower
   * number here lowers. Threads help only on idle cores: on busy ones they are slower than one thread. Ignored once the
   * wasm backend runs; `getThreadsCount` of `@tensorflow/tfjs-backend-wasm` returns their number.
   */
  threads?: number;
  /**
   * Loads a package by name, for its side effect of registering a backend. Default: a dynamic import. A bundled page
   * that wants WebGPU either imports `@tensorflow/tfjs-backend-webgpu` before the call or passes an importer that
   * names it, since bundlers can't follow names that are computed.
   */
  importer?: (specifier: string) => Promise<unknown>;
}

/** A backend that was tried before the chosen one. */
export interface SkippedBackend {
  /** The backend. */
  backend: BackendName;
  /** Why it is not available here. */
  reason: string;
}

/** What {@link useBackend} chose. */
export interface BackendChoice {
  /** The backend in use. */
  backend: BackendName;
  /** The name under which tfjs knows it, as `tf.getBackend()` gives it: 'tensorflow' for the two of tfjs-node. */
  registeredAs: string;
  /** The backends that come before it in the order, with reasons. Empty for an explicit choice. */
  skipped: SkippedBackend[];
  /** The kernels that were installed for it, by tfjs's names; empty for other backends than wasm and webgpu. */
  kernels: string[];
}

interface Candidate {
  backend: BackendName;
  specifier: string;
  registeredAs: string;
  remedy: string;
}

const candidates: readonly Candidate[] = [
  {
    backend: 'tfjs-node-gpu',
    specifier: '@tensorflow/tfjs-node-gpu',
    registeredAs: 'tensorflow',
    remedy:
      'Install it with `npm install @tensorflow/tfjs-node-gpu@4.22.0` on a machine with an NVIDIA GPU, CUDA 11.2 and cuDNN 8.1.',
  },
  {
    backend: 'tfjs-node',
    specifier: '@tensorflow/tfjs-node',
    registeredAs: 'tensorflow',
    remedy:
      'Install it with `npm install @tensorflow/tfjs-node@4.22.0` and let its install script run: it downloads libtensorflow.',
  },
  {
    backend: 'webgpu',
    specifier: '@tensorflow/tfjs-backend-webgpu',
    registeredAs: 'webgpu',
    remedy:
      'Install it with `npm install @tensorflow/tfjs-backend-webgpu@4.22.0` and run it in a browser with WebGPU, or in Node with `npm install webgpu` and a graphics card with its driver.',
  },
  {
    backend: 'onnx',
    specifier: 'onnxruntime-node',
    registeredAs: 'onnx',
    remedy:
      'Install it in Node with `npm install onnxruntime-node`; where its install script cannot download, set ONNXRUNTIME_NODE_INSTALL=skip in the environment: the package holds everything that the CPU needs.',
  },
  {
    backend: 'wasm',
    specifier: '@tensorflow/tfjs-backend-wasm',
    registeredAs: 'wasm',
    remedy:
      'Install it with `npm install @tensorflow/tfjs-backend-wasm@4.22.0`; in a bundled page, set the option wasmPaths to where its .wasm files are served.',
  },
  {
    backend: 'cpu',
    specifier: '@tensorflow/tfjs-backend-cpu',
    registeredAs: 'cpu',
    remedy: 'Install it with `npm install @tensorflow/tfjs-backend-cpu@4.22.0`.',
  },
];

/** Imports a package. Dependencies are spelled out, so that bundlers find them; optional packages stay hidden from bundlers. */
function importPackage(specifier: string): Promise<unknown> {
  switch (specifier) {
    case '@tensorflow/tfjs-backend-wasm':
      return import('@tensorflow/tfjs-backend-wasm');
    case '@tensorflow/tfjs-backend-cpu':
      return import('@tensorflow/tfjs-backend-cpu');
    default:
      return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);
  }
}

/**
 * Chooses the fastest available backend, in the order tfjs-node-gpu, tfjs-node, webgpu, onnx, wasm, cpu, makes it tfjs's
 * current one and waits until it is ready. wasm gets the kernels that training needs ({@link registerWasmKernels}), webgpu
 * those that replace wrong ones ({@link registerWebgpuKernels}).
 *
 * onnx is part of this package, for Node: tfjs's cpu backend with its heavy kernels on ONNX Runtime, from the optional
 * package `onnxruntime-node` (1.30 or later). Its kernels record operations. A whole step, an outermost `tf.tidy`, runs as
 * one compiled model when its results are read or the next step starts.
 *
 * A backend is available when its package can be imported (or was imported before), registers itself and starts. A
 * tfjs-node-gpu without a GPU is skipped. In Node, webgpu also needs the package `webgpu`, which holds Dawn, and an adapter;
 * a software adapter is slower than wasm and used only when `options.backend` asks for webgpu. wasm and cpu come with this
 * package, the others are optional peers.
 *
 * @returns the chosen backend, and why those before it in the order were skipped
 * @throws {BackendUnavailableError} when `options.backend` is not available, with the reason and how to install it
 * @throws {BackendOptionError} when an option is unknown, `options.backend` is not one of the names above, or
 *   `options.threads` is not a whole number above 0, or above 8 for wasm
 * @example
 * ```ts
 * import { useBackend } from '@amr/backend';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const { backend, skipped } = await useBackend({ backend: 'cpu' });
 * console.log(backend, skipped, tf.getBackend()); // cpu [] cpu
 * ```
 */
export async function useBackend(options: UseBackendOptions = {}): Promise<BackendChoice> {
  checkOptions(options);
  const requested = candidates.filter(({ backend }) => backend === (options.backend ?? backend));
  const skipped: SkippedBackend[] = [];
  for (const candidate of requested) {
    const { backend, registeredAs } = candidate;
    try {
      const kernels = await start(candidate, options);
      return { backend, registeredAs, skipped, kernels };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      skipped.push({ backend, reason: error.message });
    }
  }
  const { backend, remedy } = requested.at(-1)!;
  throw new BackendUnavailableError(backend, skipped.at(-1)!.reason, remedy);
}

/** The names of {@link UseBackendOptions}. */
const OPTIONS = /* @__PURE__ */ optionKeys<UseBackendOptions>({
  backend: true,
  wasmPaths: true,
  wasmKernels: true,
  threads: true,
  importer: true,
});

function checkOptions(options: UseBackendOptions): void {
  rejectUnknownOptions('useBackend', options, OPTIONS);
  const { backend, threads = 1 } = options;
  const names = candidates.map((candidate) => candidate.backend);
  if (backend !== undefined) checkOneOf('useBackend.backend', backend, names);
  const max = backend === 'wasm' ? MAX_THREADS : Number.MAX_SAFE_INTEGER;
  const range = backend === 'wasm' ? `from 1 to ${max}` : 'from 1';
  const valid = Number.isInteger(threads) && threads >= 1 && threads <= max;
  checkOption('useBackend.threads', threads, valid, `a whole number ${range}`);
}

/** A reason to skip a backend. */
class Unavailable extends Error {}

async function start(
  { backend, specifier, registeredAs }: Candidate,
  options: UseBackendOptions,
): Promise<string[]> {
  const inNode = env().getBool('IS_NODE');
  const native = registeredAs === 'tensorflow';
  const importer = options.importer ?? importPackage;
  if ((native || backend === 'onnx') && !inNode) throw new Unavailable('it runs in Node only');
  if (backend === 'webgpu' && inNode) {
    const loadDawn = () => load('webgpu', importer);
    const reason = await provideWebgpu(loadDawn, options.backend === 'webgpu');
    if (reason) throw new Unavailable(reason);
  } else if (backend === 'webgpu' && !(globalThis.navigator as { gpu?: unknown } | undefined)?.gpu) {
    throw new Unavailable('navigator.gpu is missing');
  }
  if (native) restoreUtil();
  if (backend === 'onnx') {
    if (!findBackendFactory(registeredAs)) {
      const { provideOnnx } = await import('./onnx/provideOnnx.js');
      const reason = await provideOnnx((module) => load(module, importer), options.threads);
      if (reason) throw new Unavailable(reason);
    }
  } else if (native || !findBackendFactory(registeredAs) || (backend === 'wasm' && options.wasmPaths)) {
    // A native backend that is registered already may be that of either package, so its package is always imported.
    const loaded = await load(specifier, importer);
    if (backend === 'wasm' && options.wasmPaths && !findBackend('wasm')) setPaths(loaded, options.wasmPaths);
  }
  if (backend === 'wasm' && options.threads && !findBackend('wasm')) {
    await setThreads(Math.min(options.threads, MAX_THREADS), inNode, importer);
  }
  if (!findBackendFactory(registeredAs)) {
    throw new Unavailable(`${specifier} is installed but registered no backend named '${registeredAs}'`);
  }
  const kernels = kernelsFor(backend, options);
  const before = getBackend();
  let failure = '';
  const started = await setBackend(registeredAs).catch((error: Error) => {
    failure = `: ${error.message}`;
    return false;
  });
  if (started) {
    await ready();
    const { isUsingGpuDevice } = currentBackend() as { isUsingGpuDevice?: boolean };
    if (backend !== 'tfjs-node-gpu' || isUsingGpuDevice !== false) return kernels;
    // Make room for tfjs-node, which registers under the same name.
    removeBackend(registeredAs);
    failure = ': it sees no GPU';
  }
  if (before && before !== registeredAs && findBackendFactory(before)) await setBackend(before);
  throw new Unavailable(`it is installed but did not start${failure}`);
}

/** Installs the kernels that a backend gets in addition to its own. */
function kernelsFor(backend: BackendName, { wasmKernels = true }: UseBackendOptions): string[] {
  if (backend === 'webgpu') return registerWebgpuKernels();
  return backend === 'wasm' && wasmKernels ? registerWasmKernels() : [];
}

async function load(specifier: string, importer: (specifier: string) => Promise<unknown>): Promise<unknown> {
  try {
    return await importer(specifier);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    // For a module within a package, the package is what is missing.
    const name = specifier.match(/^(@[^/]+\/)?[^/]+/)![0];
    const missing =
      (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
      (message?.includes(`'${specifier}'`) || message?.includes(`'${name}'`));
    throw new Unavailable(
      missing ? `${name} is not installed` : `${specifier} failed to load: ${firstLine(error)}`,
    );
  }
}

const firstLine = (error: unknown) => String((error as Error)?.message ?? error).split('\n', 1)[0];

async function setThreads(
  threads: number,
  inNode: boolean,
  importer: (specifier: string) => Promise<unknown>,
) {
  if (!inNode) {
    const { setThreadsCount } = (await importer(
      '@tensorflow/tfjs-backend-wasm',
    )) as typeof import('@tensorflow/tfjs-backend-wasm');
    setThreadsCount(threads);
  } else if (threads > 1) {
    await registerThreadedWasm(threads, importer);
  }
}

function setPaths(loaded: unknown, paths: string | { [file: string]: string }) {
  type Paths = { setWasmPaths(paths: string | { [file: string]: string }): void };
  const module = loaded as Partial<Paths> & { default?: Paths };
  (module.setWasmPaths ?? module.default?.setWasmPaths)?.(paths);
}

/**
 * tfjs-node 4.22 calls two functions that Node 23 removed from `util` (tfjs issue 8609). This restores them on the module
 * object, which tfjs-node shares.
 */
function restoreUtil() {
  type Util = { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };
  const builtin = (process as { getBuiltinModule?: (id: string) => Util }).getBuiltinModule;
  const util = builtin?.call(process, 'node:util');
  if (!util) return;
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
