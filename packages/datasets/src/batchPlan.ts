import type { BatchOptions } from '@amr/internal';
import { random } from '@amr/internal';
import { DatasetError } from './datasetError.js';

/**
 * Which samples each batch of an epoch holds, from batch `start` on.
 * @throws {DatasetError} when an option is not a whole number in its range
 */
export function batchPlan(size: number, options: BatchOptions): number[][] {
  const { batchSize, seed, epoch = 0, start = 0, dropLast = false } = options;
  whole('batchSize', batchSize, 1);
  whole('epoch', epoch, 0);
  whole('start', start, 0);
  if (seed !== undefined && !Number.isFinite(seed)) {
    throw new DatasetError(`seed: ${seed} was given, a finite number was expected`);
  }
  const order =
    seed === undefined
      ? Array.from({ length: size }, (_, i) => i)
      : random('batches', seed, epoch).permutation(size);
  const plan: number[][] = [];
  for (let from = start * batchSize; from < size; from += batchSize) {
    const rows = order.slice(from, from + batchSize);
    if (!dropLast || rows.length === batchSize) plan.push(rows);
  }
  return plan;
}

/** @throws {DatasetError} when `value` is not a whole number of at least `least` */
export function whole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new DatasetError(`${name}: ${value} was given, a whole number of at least ${least} was expected`);
  }
}
