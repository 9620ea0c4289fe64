import type { Shape } from '@tensorflow/tfjs-layers';

/**
 * Number of values of one sample, given a shape with the batch axis.
 * @throws {Error} when an axis is not known
 */
export function sampleSize(shape: Shape): number {
  return shape.slice(1).reduce<number>((product, size) => {
    if (size == null) {
      throw new Error(
        `got shape [${shape.map((axis) => axis ?? 'null').join(', ')}]; expected every size but the batch's to be ` +
          'known. Build the model with its full input shape.',
      );
    }
    return product * size;
  }, 1);
}
