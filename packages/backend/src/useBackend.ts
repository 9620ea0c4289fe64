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
import { registerWasmKernels } from './wasm/registerWasmKernels.js';
import { MAX_THREADS, registerThreadedWasm } from './wasm/threadedWasm.js';
import { provideWebgpu } from './webgpu/nodeWebgpu.js';
import { registerWebgpuKernels } from './webgpu/registerWebgpuKernels.js';

/** How {@link useBackend} picks. */
export interface UseBackendOptions {
  /** This one or an error. Default: the first of the order that can be had. */
  backend?: BackendName;
  /**
   * Where the wasm backend finds its `.wasm` files: a folder's URL with its slash, or a URL for each file. A bundled
   * page must say so; Node finds the files in the package. Ignored once the wasm backend runs.
   */
  wasmPaths?: string | { [file: string]: string };
  /** Whether wasm gets the kernels of {@link registerWasmKernels}. Default true. */
  wasmKernels?: boolean;
  /**
   * Threads that compute, for onnx and wasm.
   *
   * onnx: any number, by default all cores that this process may use. Several workers that compute at a time want a
   * share of the cores each. Ignored once the onnx backend is registered.
   *
   * wasm: 1 to 8, among which XNNPACK divides convolutions and matrix products; more are 8, or a RangeError where
   * `backend` is 'wasm'. Default: 1 in Node; in a page that is cross-origin isolated half of the cores, which a lower
   * number here lowers. Only cores that nothing else uses make it faster: on busy ones it is slower than one thread.
   * Ignored once the wasm backend runs; `getThreadsCount` of `@tensorflow/tfjs-backend-wasm` tells how many there are.
   */
  threads?: number;
  /**
   * Loads a package by name, for its side effect of registering a backend. Default: a dynamic import. A bundled page
   * that wants WebGPU either imports `@tensorflow/tfjs-backend-webgpu` before the call or passes an importer that
   * names it, since bundlers can't follow names that are computed.
   */
  importer?: (specifier: string) => Promise<unknown>;
}

/** A backend that was tried before the one picked. */
export interface SkippedBackend {
  /** Which. */
  backend: BackendName;
  /** Why it can't be had here. */
  reason: string;
}

/** What {@link useBackend} picked. */
export interface BackendChoice {
  /** The backend in use. */
  backend: BackendName;
  /** The name under which tfjs knows it, as `tf.getBackend()` gives it: 'tensorflow' for the two of tfjs-node. */
  registeredAs: string;
  /** Those that come before it in the order, with reasons. Empty for an explicit choice. */
  skipped: SkippedBackend[];
  /** The kernels that were put in place for it, by tfjs's names; empty for any other than wasm and webgpu. */
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
      'Install it in Node with `npm install onnxruntime-node`; where its install script can download nothing, with ONNXRUNTIME_NODE_INSTALL=skip in the environment: what processors need is in the package.',
  },
  {
    backend: 'wasm',
    specifier: '@tensorflow/tfjs-backend-wasm',
    registeredAs: 'wasm',
    remedy:
      'Install it with `npm install @tensorflow/tfjs-backend-wasm@4.22.0`; in a bundled page say where its .wasm files are served, with the option wasmPaths.',
  },
  {
    backend: 'cpu',
    specifier: '@tensorflow/tfjs-backend-cpu',
    registeredAs: 'cpu',
    remedy: 'Install it with `npm install @tensorflow/tfjs-backend-cpu@4.22.0`.',
  },
];

/** Names spelled out where the package is a dependency, so that bundlers find it; the optional ones stay hidden from them. */
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
 * Picks the fastest backend there is, in the order tfjs-node-gpu, tfjs-node, webgpu, onnx, wasm, cpu, makes it tfjs's
 * own and waits until it is ready. wasm gets the kernels that training needs ({@link registerWasmKernels}), webgpu those
 * that stand for wrong ones ({@link registerWebgpuKernels}).
 *
 * onnx is this package's own, for Node: tfjs's cpu backend with its heavy kernels on ONNX Runtime, from the optional
 * package `onnxruntime-node` (1.30 or later). Its kernels record what is to be computed; a whole step, an outermost
 * `tf.tidy`, runs as one compiled model when its results are read or the next one begins.
 *
 * A backend counts as there when its package can be imported (or was, before), registers itself and starts; a
 * tfjs-node-gpu that sees no GPU is passed over. In Node, webgpu also takes the package `webgpu`, which holds Dawn, and
 * an adapter; one that computes on the processor is slower than wasm and taken only when `options.backend` names it.
 * wasm and cpu come with this package, the others are optional peers.
 *
 * @returns what was picked, and why those before it in the order were passed over
 * @throws {BackendUnavailableError} when `options.backend` can't be had, with its reason and how to install it
 * @throws {RangeError} when `options.threads` is no whole number above 0, or above 8 for wasm
 * @throws {TypeError} when `options.backend` is none of the names above
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
  const wanted = candidates.filter(({ backend }) => backend === (options.backend ?? backend));
  if (wanted.length === 0) {
    throw new TypeError(
      `useBackend: unknown backend '${options.backend}'. Expected one of ${candidates.map((c) => `'${c.backend}'`).join(', ')}.`,
    );
  }
  const { threads = 1 } = options;
  const most = options.backend === 'wasm' ? MAX_THREADS : Number.MAX_SAFE_INTEGER;
  if (!Number.isInteger(threads) || threads < 1 || threads > most) {
    const range = options.backend === 'wasm' ? `from 1 to ${most}` : 'above 0';
    throw new RangeError(`useBackend: threads is ${threads}. Expected a whole number ${range}.`);
  }
  const skipped: SkippedBackend[] = [];
  for (const candidate of wanted) {
    const { backend, registeredAs } = candidate;
    try {
      const kernels = await start(candidate, options);
      return { backend, registeredAs, skipped, kernels };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      skipped.push({ backend, reason: error.message });
    }
  }
  const { backend, remedy } = wanted.at(-1)!;
  throw new BackendUnavailableError(backend, skipped.at(-1)!.reason, remedy);
}

/** A reason to pass a backend over. */
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
    throw new Unavailable('there is no WebGPU here (navigator.gpu is missing)');
  }
  if (native) restoreUtil();
  if (backend === 'onnx') {
    if (!findBackendFactory(registeredAs)) {
      const { provideOnnx } = await import('./onnx/provideOnnx.js');
      const reason = await provideOnnx((module) => load(module, importer), options.threads);
      if (reason) throw new Unavailable(reason);
    }
  } else if (native || !findBackendFactory(registeredAs) || (backend === 'wasm' && options.wasmPaths)) {
    // A native backend that is registered already may be that of either package, so its package is always asked for.
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

/** Puts the kernels in place that a backend is to have beside its own. */
function kernelsFor(backend: BackendName, { wasmKernels = true }: UseBackendOptions): string[] {
  if (backend === 'webgpu') return registerWebgpuKernels();
  return backend === 'wasm' && wasmKernels ? registerWasmKernels() : [];
}

async function load(specifier: string, importer: (specifier: string) => Promise<unknown>): Promise<unknown> {
  try {
    return await importer(specifier);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    // The package of a module within it is what isn't there.
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
 * tfjs-node 4.22 calls two functions that Node 23 removed from `util` (tfjs issue 8609). They are put back through
 * the module object, which tfjs-node shares.
 */
function restoreUtil() {
  type Util = { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };
  const builtin = (process as { getBuiltinModule?: (id: string) => Util }).getBuiltinModule;
  const util = builtin?.call(process, 'node:util');
  if (!util) return;
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
