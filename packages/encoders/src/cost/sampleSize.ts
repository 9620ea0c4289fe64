import { formatValue } from '@amr/internal';
import type { Shape } from '@tensorflow/tfjs-layers';
import { CostError } from '../errors.js';

/**
 * Number of values of one sample, given a shape with the batch axis.
 * @throws {CostError} when a size is not known
 */
export function sampleSize(shape: Shape): number {
  return shape.slice(1).reduce<number>((product, size) => {
    if (size == null) {
      throw new CostError(
        `got the shape ${formatValue(shape.map((axis) => axis ?? null))}; expected every size but the batch's to be known. ` +
          'Build the model with its full input shape.',
      );
    }
    return product * size;
  }, 1);
}
