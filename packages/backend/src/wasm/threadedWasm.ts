import { type KernelBackend, registerBackend, removeBackend } from '@tensorflow/tfjs-core';

/** Most threads of tfjs's threaded build, the main thread included. */
export const MAX_THREADS = 8;

/** Loads a module by name. */
type Importer = (specifier: string) => Promise<unknown>;

/** A worker as Emscripten's code uses it. */
interface PoolWorker {
  onmessage?(event: { data: { cmd: string } }): void;
  postMessage(message: { cmd: string }): void;
  on(event: string, listener: (value: never) => void): void;
  ref(): void;
  unref(): void;
  terminate(): void;
}

/** The used part of Emscripten's module. */
interface ThreadedModule {
  cwrap(name: string, returns: 'number' | null, takes: 'number'[]): (...values: number[]) => number;
  PThread: { unusedWorkers: PoolWorker[]; runningWorkers: PoolWorker[] };
  tfjs?: object;
}

interface Imports {
  env: { [name: string]: unknown };
}

type Factory = (config: {
  locateFile(file: string, folder: string): string;
  instantiateWasm(
    imports: Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}) => Promise<ThreadedModule>;

const PACKAGE = '@tensorflow/tfjs-backend-wasm';

/**
 * Makes tfjs's threaded build the wasm backend of this Node process. tfjs starts it in browsers only: it makes its
 * workers from blob URLs, which the workers of Node don't load. Here they get their code as text. The workers don't
 * keep the process alive.
 */
export async function registerThreadedWasm(threads: number, importer: Importer): Promise<void> {
  const load = async <T>(specifier: string) => {
    const loaded = (await importer(specifier)) as T & { default?: T };
    return loaded.default ?? loaded;
  };
  const wasm = await load<typeof import('@tensorflow/tfjs-backend-wasm')>(PACKAGE);
  const factory = await load<Factory>(`${PACKAGE}/wasm-out/tfjs-backend-wasm-threaded-simd.js`);
  const { wasmWorkerContents } = await load<{ wasmWorkerContents: string }>(
    `${PACKAGE}/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js`,
  );
  const { Worker } = await load<typeof import('node:worker_threads')>('node:worker_threads');
  const { readFile } = await load<typeof import('node:fs/promises')>('node:fs/promises');
  // The template literal that holds the code has turned its '\n' into line breaks.
  const code = wasmWorkerContents.replaceAll('\n', '\\n');

  const start = async () => {
    const workers: PoolWorker[] = [];
    let binary = '';
    const module = await new Promise<ThreadedModule>((resolve, reject) => {
      const made = withWorkers(
        () => {
          // Emscripten always requests eight. Those in excess report that they have loaded, and are dropped below.
          if (workers.length >= threads - 1) return idle();
          const worker = new Worker(code, { eval: true, execArgv: [] }) as unknown as PoolWorker;
          workers.push(worker);
          return worker;
        },
        () =>
          factory({
            locateFile: (file, folder) => {
              if (file.endsWith('.wasm')) binary = folder + file;
              return folder + file;
            },
            instantiateWasm: (imports, receive) => {
              // It uses at most half of the cores that it is told.
              imports.env['emscripten_num_logical_cores'] = () => 2 * threads;
              readFile(binary)
                .then((bytes) => WebAssembly.instantiate(bytes, imports as unknown as WebAssembly.Imports))
                .then(({ instance, module }) => receive(instance, module))
                .catch(reject);
              return {};
            },
          }),
      );
      made.then(resolve, reject);
    });
    module.PThread.unusedWorkers = [...workers];
    const backend = backendOf(wasm, module, threads);
    for (const worker of module.PThread.runningWorkers) worker.unref();
    return backend;
  };
  removeBackend('wasm');
  registerBackend('wasm', start, 2);
}

/** tfjs's backend on the module, bound as tfjs binds it. */
function backendOf(
  wasm: typeof import('@tensorflow/tfjs-backend-wasm'),
  module: ThreadedModule,
  threads: number,
): KernelBackend {
  const bind = (name: string, takes: number, returns: 'number' | null = null) =>
    module.cwrap(name, returns, Array<'number'>(takes).fill('number'));
  module.tfjs = {
    init: bind('init', 0),
    initWithThreadsCount: bind('init_with_threads_count', 1),
    getThreadsCount: bind('get_threads_count', 0, 'number'),
    registerTensor: bind('register_tensor', 3),
    disposeData: bind('dispose_data', 1),
    dispose: bind('dispose', 0),
  };
  wasm.setThreadsCount(threads);
  return new wasm.BackendWasm(module as unknown as ConstructorParameters<typeof wasm.BackendWasm>[0]);
}

/**
 * Calls `make` while the global `Worker` is `construct`. Emscripten's code replaces it for good by
 * Node's own, which has no blob URLs; this function restores what was there before.
 */
function withWorkers<T>(construct: () => PoolWorker, make: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  Object.defineProperty(globalThis, 'Worker', {
    configurable: true,
    // A constructor that returns an object makes that object.
    get: () =>
      function PoolWorker() {
        return construct();
      },
    set: () => {},
  });
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(globalThis, 'Worker', before);
    else Reflect.deleteProperty(globalThis, 'Worker');
  }
}

/** A worker that does nothing but report that it has loaded. */
function idle(): PoolWorker {
  const worker: PoolWorker = {
    postMessage: () => queueMicrotask(() => worker.onmessage?.({ data: { cmd: 'loaded' } })),
    on: () => {},
    ref: () => {},
    unref: () => {},
    terminate: () => {},
  };
  return worker;
}
