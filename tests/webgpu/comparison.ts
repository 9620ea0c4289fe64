import * as tf from '@tensorflow/tfjs-core';

/** Named values that a case computes on one backend. */
export type Results = { [what: string]: number[] };

/** A computation whose results on both backends are compared. It gives the same results at each call. */
export interface Case {
  /** Name in tests' titles and messages. */
  name: string;
  /** Whether `pnpm test:all` runs the case: it is fast enough on a software adapter, and covers much. */
  daily?: boolean;
  /** Computes on the current backend, and disposes of its tensors. */
  compute: () => Promise<Results>;
}

/** A case's results on WebGPU compared with those on cpu. */
export interface Comparison {
  /** For each result, the largest difference of its values, divided by the largest value on cpu. */
  differences: { [what: string]: number };
  /** Errors of WebGPU's device. tfjs ignores them and continues with wrong values. */
  deviceErrors: string[];
  /** Number of leaked tensors on WebGPU, minus those on cpu. */
  leaked: number;
  /** Milliseconds on WebGPU, including the compilation of shaders. */
  webgpuMs: number;
  /** Milliseconds on cpu. */
  cpuMs: number;
}

/** A tensor's values, read asynchronously: WebGPU in Node can't read them otherwise. */
export const valuesOf = async (x: tf.Tensor): Promise<number[]> => [...(await x.data())];

/** Computes a case on the cpu backend and on WebGPU, and compares. */
export async function compare({ name, compute }: Case): Promise<Comparison> {
  const on = async (backend: string) => {
    await tf.setBackend(backend);
    const before = tf.memory().numTensors;
    const start = performance.now();
    const results = await compute();
    return { results, ms: performance.now() - start, leaked: tf.memory().numTensors - before };
  };
  const cpu = await on('cpu');
  // Otherwise tfjs computes on cpu with tensors whose values are still in JavaScript's memory.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const { webgpu, deviceErrors } = await deviceErrorsDuring(() => on('webgpu'));
  const differences: Comparison['differences'] = {};
  const largestOf = (values: number[]) => Math.max(...values.map(Math.abs));
  // A gradient that is 0 up to rounding, such as that of a bias before batch norm, is compared with the other gradients' size.
  const gradients = Object.entries(cpu.results).filter(([what]) => what.startsWith('gradient'));
  const minScale = 1e-3 * Math.max(1e-3, ...gradients.map(([, values]) => largestOf(values)));
  for (const [what, expected] of Object.entries(cpu.results)) {
    const got = webgpu.results[what]!;
    if (got.length !== expected.length)
      throw new Error(`${name}, ${what}: got ${got.length} values on WebGPU; expected ${expected.length}.`);
    const largest = Math.max(minScale, largestOf(expected));
    // One NaN among the values makes the maximum NaN.
    differences[what] = Math.max(...expected.map((value, i) => Math.abs(value - got[i]!) / largest));
  }
  return {
    differences,
    deviceErrors,
    leaked: webgpu.leaked - cpu.leaked,
    webgpuMs: webgpu.ms,
    cpuMs: cpu.ms,
  };
}

async function deviceErrorsDuring<T>(run: () => Promise<T>) {
  await tf.setBackend('webgpu');
  const { device } = tf.backend() as unknown as { device: EventTarget & { queue: Queue } };
  const deviceErrors: string[] = [];
  const listen = (event: Event) => {
    deviceErrors.push((event as unknown as { error: Error }).error.message);
    event.preventDefault();
  };
  device.addEventListener('uncapturederror', listen);
  try {
    const webgpu = await run();
    await device.queue.onSubmittedWorkDone();
    return { webgpu, deviceErrors };
  } finally {
    device.removeEventListener('uncapturederror', listen);
  }
}

/** The part of a WebGPU queue that is used here. */
interface Queue {
  onSubmittedWorkDone(): Promise<void>;
}
