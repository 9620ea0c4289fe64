import { readFileSync } from 'node:fs';
import type { TorchImportReport } from '@amr/encoders';
import { importTorchWeights, type TorchImportOptions } from '@amr/encoders';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';

/**
 * Imports all of test-data/`name`.pth (or .`kind`), and compares the outputs and the input gradient of sum(output * along)
 * with those of PyTorch in `name`.json, which has input, along, output and gradient row by row. The tolerance is relative
 * to the largest value; sums of a few thousand float32 products in another order need it.
 */
export async function expectTorchGolden(
  model: LayersModel,
  name: string,
  tolerance = 1e-4,
  kind: 'pth' | 'npz' | 'safetensors' = 'pth',
  options?: TorchImportOptions,
): Promise<TorchImportReport> {
  const file = (ending: string) =>
    readFileSync(new URL(`../../../encoders/test-data/${name}.${ending}`, import.meta.url));
  const report = await importTorchWeights(model, new Uint8Array(file(kind)), options);
  expect(report.imported).toHaveLength(model.weights.length);
  const golden: { [part in 'input' | 'along' | 'output' | 'gradient']: number[] } = JSON.parse(
    file('json').toString(),
  );
  const [, ...sample] = model.inputs[0]!.shape as number[];
  tf.tidy(() => {
    const x = tf.tensor(golden.input, [golden.input.length / tf.util.sizeFromShape(sample), ...sample]);
    const output = (given: tf.Tensor) => model.apply(given) as tf.Tensor;
    const y = output(x);
    const gradient = tf.grad((given) => tf.sum(tf.mul(output(given), tf.tensor(golden.along, y.shape))))(x);
    expectClose(y, golden.output, tolerance);
    expectClose(gradient, golden.gradient, tolerance);
  });
  return report;
}

function expectClose(tensor: tf.Tensor, expected: number[], tolerance: number): void {
  const found = [...tensor.dataSync()];
  expect(found.length).toBe(expected.length);
  const size = Math.max(1, ...expected.map(Math.abs));
  const largest = Math.max(...expected.map((value, i) => Math.abs(value - found[i]!)));
  expect(largest / size).toBeLessThan(tolerance);
}
