import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';

/**
 * A mask that is 1 at some indices along one axis, `[1, ..., size, ..., 1]`.
 * @param path what an index is called in messages
 * @throws {ThreatModelError} when the axis has no such index
 */
export function along(x: tf.Tensor, axis: number, indices: readonly number[], path: string): tf.Tensor {
  const size = x.shape[axis]!;
  const mask = new Float32Array(size);
  for (const index of indices) {
    const good = Number.isInteger(index) && index >= 0 && index < size;
    const expected = `whole numbers from 0 to ${size - 1}, as axis ${axis} of the input, ${formatValue(x)}, has ${size}`;
    budgetChecks.checkOption(path, index, good, expected);
    mask[index] = 1;
  }
  return tf.tensor(
    mask,
    x.shape.map((_, other) => (other === axis ? size : 1)),
  );
}

/** The whole numbers from one up to, and without, another. */
export function span(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
