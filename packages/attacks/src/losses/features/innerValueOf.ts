import { formatValue, mismatch } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { AttackInputError } from '../../errors.js';

/**
 * An inner value that a loss needs, by name.
 * @param rank the smallest number of axes that it may have, including the batch
 * @throws {AttackInputError} when its first axis isn't the batch or it has fewer axes
 */
export function innerValueOf(values: Modalities, name: string, rows: number, rank: number): tf.Tensor {
  const value = values[name]!;
  if (value.rank < rank || value.shape[0] !== rows) {
    const axes = ['batch', ...Array.from({ length: rank - 2 }, () => '...'), 'channels'];
    const expected = `[${axes.join(', ')}] with a batch of ${rows}`;
    throw new AttackInputError(
      mismatch(`The inner value ${formatValue(name)}`, value, expected, 'Name another layer or output.'),
    );
  }
  return value;
}
