import { formatValue } from '@amr/internal';
import type { Shape } from '@tensorflow/tfjs-layers';
import { LayerError } from '../errors.js';

/**
 * Checks the shapes of the feature tensors that a fusion layer was given: two or more, of rank >= 2, with known channels,
 * and without batch sizes that contradict each other.
 *
 * @param name what the message calls the features, such as the layer's class
 * @param shapes what the layer got from `build` or `computeOutputShape`
 * @returns the same shapes as an array of arrays
 * @throws {LayerError} with the given shapes and what was expected
 */
export function featureShapes(name: string, shapes: Shape | Shape[]): Shape[] {
  const several = Array.isArray(shapes[0]) || shapes.length === 0;
  const list = several ? (shapes as Shape[]) : [shapes as Shape];
  const fail = (expected: string): never => {
    throw new LayerError(`${name}: got ${formatShapes(list) || 'no features'}; expected ${expected}`);
  };
  if (list.length < 2) fail('the features of two or more modalities: layer.apply([rgb, skeleton]).');
  const batches = new Set<number>();
  for (const shape of list) {
    if (shape.length < 2) fail('[batch, ..., channels] of rank 2 or more for each modality.');
    const channels = shape[shape.length - 1];
    if (channels == null || channels < 1) {
      fail('a known number of channels on the last axis of each modality.');
    }
    if (shape[0] != null) batches.add(shape[0]);
  }
  if (batches.size > 1) fail('the same batch size, the first axis, in each modality.');
  return list;
}

/** How a message shows the shapes of several modalities: `[null, 4] and [null, 3]`. */
export function formatShapes(shapes: readonly Shape[]): string {
  return shapes.map(formatValue).join(' and ');
}

/** The number of channels of each shape of {@link featureShapes}. */
export function channelCounts(shapes: readonly Shape[]): number[] {
  return shapes.map((shape) => shape[shape.length - 1]!);
}

/** The sum of {@link channelCounts}. */
export function totalChannels(shapes: readonly Shape[]): number {
  return channelCounts(shapes).reduce((sum, count) => sum + count, 0);
}
