import { noise } from '@amr/testing/tensors/noise';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { onnxBinding, useOnnx, withoutOnnx } from './onnx/useOnnx.fixture.js';
import { useBackend } from './useBackend.js';

/** Makes wasm ready with its composed kernels; for beforeAll. */
export const useWasm = () => useBackend({ backend: 'wasm' });

/** The backends that {@link expectAsOnCpu} tries. */
export const compared: string[] = [];

/** Makes wasm and, where it is installed, onnx ready for {@link expectAsOnCpu}; for beforeAll. */
export async function useCompared(): Promise<void> {
  compared.length = 0;
  if (onnxBinding) {
    await useOnnx();
    compared.push('onnx');
  } else withoutOnnx('Kernels');
  await useWasm();
  compared.push('wasm');
}

/** Makes onnx alone ready for {@link expectAsOnCpu}; for beforeAll. */
export async function useOnnxAlone(): Promise<void> {
  compared.length = 0;
  await useOnnx();
  compared.push('onnx');
}

export { noise };

/** A tensor for both backends: `values` are repeated to fill the shape. */
export interface Operand {
  shape: number[];
  values?: number[];
  dtype?: 'float32' | 'int32' | 'bool';
}

/** Runs a kernel on a backend, and checks that it leaks no tensor. */
export async function run(
  backend: string,
  kernel: string,
  operands: { [name: string]: Operand },
  attrs: object,
): Promise<{ shapes: number[][]; values: number[][] }> {
  await tf.setBackend(backend);
  const named = Object.fromEntries(
    Object.entries(operands).map(([name, { shape, values, dtype = 'float32' }], seed) => {
      const size = tf.util.sizeFromShape(shape);
      const data = values
        ? Array.from({ length: size }, (_, i) => values[i % values.length]!)
        : noise(size, seed);
      return [name, tf.tensor(data, shape, dtype)];
    }),
  );
  // Kernels that take a list have inputs 0, 1 and so on.
  const inputs = ('0' in named ? Object.values(named) : named) as tf.NamedTensorMap;
  const numbers = () => [
    tf.memory().numTensors,
    tf.memory().numDataBuffers,
    tf.engine().backend.numDataIds(),
  ];
  const before = numbers();
  const result: tf.Tensor | tf.Tensor[] = tf
    .engine()
    .runKernel(kernel, inputs, attrs as unknown as tf.NamedAttrMap);
  const results = Array.isArray(result) ? result : [result];
  const answer = { shapes: results.map((t) => t.shape), values: results.map((t) => [...t.dataSync()]) };
  tf.dispose(results);
  expect(numbers()).toEqual(before);
  tf.dispose(inputs);
  return answer;
}

/** A kernel's results, as {@link run} reads them. */
export type Results = Awaited<ReturnType<typeof run>>;

/**
 * Expects equal results but for rounding. Each is a sum of `terms` products of numbers in [-1, 1]; rounding to 24 bits
 * as they are added makes the sums differ by about terms / 3 * 2^-24, in any order. The tolerance is ten times that,
 * and zero where nothing is summed.
 */
export function expectClose(
  kernel: string,
  actual: Results,
  expected: Results,
  terms: number,
  backend = 'wasm',
): void {
  expect(actual.shapes, `${kernel} on ${backend}`).toEqual(expected.shapes);
  const tolerance = terms === 0 ? 0 : (terms + 16) * 2 ** -22;
  actual.values.forEach((values, i) => {
    values.forEach((value, j) => {
      const wanted = expected.values[i]![j]!;
      // Written so that NaN fails where a number is expected.
      if (!(Math.abs(value - wanted) <= tolerance) && !Object.is(value, wanted)) {
        expect.fail(`${kernel} at ${j}: ${value} on ${backend}, ${wanted} expected, tolerance ${tolerance}`);
      }
    });
  });
}

/** Expects the kernels of the ready backends to have the results of the cpu backend's, to {@link expectClose}. */
export async function expectAsOnCpu(
  kernel: string,
  operands: { [name: string]: Operand },
  attrs: object,
  terms: number,
): Promise<void> {
  const expected = await run('cpu', kernel, operands, attrs);
  for (const backend of compared.length > 0 ? compared : ['wasm']) {
    expectClose(kernel, await run(backend, kernel, operands, attrs), expected, terms, backend);
  }
}
