import { type BatchOptions, random } from '@amr/internal';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from './options.js';

const batchKeys = optionKeys<BatchOptions>({
  batchSize: true,
  seed: true,
  epoch: true,
  start: true,
  dropLast: true,
});

/**
 * Positions of the samples in each batch of an epoch, from batch `start` on.
 * @throws {DatasetError} when an option is unknown, or not a whole number in its range
 */
export function batchPlan(size: number, options: BatchOptions): number[][] {
  rejectUnknownOptions('batches', options, batchKeys);
  const { batchSize, seed, epoch = 0, start = 0, dropLast = false } = options;
  checkCount('batchSize', batchSize);
  checkCount('epoch', epoch, 0);
  checkCount('start', start, 0);
  if (seed !== undefined) checkOption('seed', seed, Number.isFinite(seed), 'a finite number');
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
