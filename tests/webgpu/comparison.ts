import * as tf from '@tensorflow/tfjs-core';

/** Named values that a case computes on one backend. */
export type Results = { [what: string]: number[] };

/** Something that is computed on each backend, the same at each call, and whose results are compared. */
export interface Case {
  /** What it is called in tests' messages. */
  name: string;
  /** Whether it is quick enough on a software adapter, and covers enough, to be among the tests of every day. */
  daily?: boolean;
  /** Computes on the backend in use, and disposes of all that it made. */
  compute: () => Promise<Results>;
}

/** How a case's results on WebGPU stand beside those on cpu. */
export interface Comparison {
  /** For each of the results: by how much the values differ at most, as a share of the largest value on cpu. */
  differences: { [what: string]: number };
  /** What WebGPU's device complained of. tfjs goes on with whatever memory holds. */
  complaints: string[];
  /** Tensors that were left over on WebGPU, beside those left over on cpu. */
  leaked: number;
  /** Milliseconds on WebGPU, the compilation of shaders included. */
  webgpuMs: number;
  /** Milliseconds on cpu. */
  cpuMs: number;
}

/** A tensor's values, read in the only way that works with WebGPU in Node. */
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
  // Tensors that are still in JavaScript's memory are computed with there, unless this is off.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const { webgpu, complaints } = await complaintsDuring(() => on('webgpu'));
  const differences: Comparison['differences'] = {};
  const largestOf = (values: number[]) => Math.max(...values.map(Math.abs));
  // A gradient that is 0 but for rounding, such as that of a bias before batch norm, is measured by the others.
  const gradients = Object.entries(cpu.results).filter(([what]) => what.startsWith('gradient'));
  const least = 1e-3 * Math.max(1e-3, ...gradients.map(([, values]) => largestOf(values)));
  for (const [what, expected] of Object.entries(cpu.results)) {
    const got = webgpu.results[what]!;
    if (got.length !== expected.length) throw new Error(`${name}: ${what} has another size on WebGPU`);
    const largest = Math.max(least, largestOf(expected));
    // One NaN among the values makes the maximum NaN.
    differences[what] = Math.max(...expected.map((value, i) => Math.abs(value - got[i]!) / largest));
  }
  return {
    differences,
    complaints,
    leaked: webgpu.leaked - cpu.leaked,
    webgpuMs: webgpu.ms,
    cpuMs: cpu.ms,
  };
}

async function complaintsDuring<T>(run: () => Promise<T>) {
  await tf.setBackend('webgpu');
  const { device } = tf.backend() as unknown as { device: EventTarget & { queue: Queue } };
  const complaints: string[] = [];
  const listen = (event: Event) => {
    complaints.push((event as unknown as { error: Error }).error.message);
    event.preventDefault();
  };
  device.addEventListener('uncapturederror', listen);
  try {
    const webgpu = await run();
    await device.queue.onSubmittedWorkDone();
    return { webgpu, complaints };
  } finally {
    device.removeEventListener('uncapturederror', listen);
  }
}

/** The part of a WebGPU queue that is used here. */
interface Queue {
  onSubmittedWorkDone(): Promise<void>;
}
