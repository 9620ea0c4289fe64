import type * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { AttackInputError, shown } from '../../errors.js';

/**
 * An inner value that a loss asked for, by name.
 * @param rank the axes it must have at least, the batch included
 * @throws {AttackInputError} when its first axis isn't the batch or it has fewer axes
 */
export function innerValueOf(values: Modalities, name: string, rows: number, rank: number): tf.Tensor {
  const value = values[name]!;
  if (value.rank < rank || value.shape[0] !== rows) {
    const axes = ['batch', ...Array.from({ length: rank - 2 }, () => '...'), 'channels'];
    throw new AttackInputError(
      `'${name}' is ${shown(value)}; the loss expects [${axes.join(', ')}] with a batch of ${rows}, channels last. Name another layer or output.`,
    );
  }
  return value;
}
