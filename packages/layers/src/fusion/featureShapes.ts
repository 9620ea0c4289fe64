import type { Shape } from '@tensorflow/tfjs-layers';

/**
 * The shapes of the feature tensors that a fusion layer was given, checked: two or more, rank >= 2, known channels,
 * and no two batch sizes that contradict each other.
 *
 * @param layer how to call the layer in the message
 * @param shapes what the layer got from `build` or `computeOutputShape`
 * @returns the same shapes as an array of arrays
 * @throws {Error} which names the shapes given and what was expected
 */
export function featureShapes(layer: string, shapes: Shape | Shape[]): Shape[] {
  const several = Array.isArray(shapes[0]) || shapes.length === 0;
  const list = several ? (shapes as Shape[]) : [shapes as Shape];
  const given = list.map((shape) => `[${shape.map((size) => size ?? 'null').join(', ')}]`).join(' and ');
  const fail = (expected: string): never => {
    throw new Error(`${layer}: got ${given || 'no features'}; ${expected}`);
  };
  if (list.length < 2) fail('expected the features of two or more modalities: layer.apply([rgb, skeleton]).');
  const batches = new Set<number>();
  for (const shape of list) {
    if (shape.length < 2) fail('expected [batch, ..., channels] of rank 2 or more for each modality.');
    const channels = shape[shape.length - 1];
    if (channels == null || channels < 1) {
      fail('expected a known number of channels on the last axis of each modality.');
    }
    if (shape[0] != null) batches.add(shape[0]);
  }
  if (batches.size > 1) fail('expected the same batch size, the first axis, in each modality.');
  return list;
}

/** The number of channels of each shape of {@link featureShapes}. */
export function channelCounts(shapes: readonly Shape[]): number[] {
  return shapes.map((shape) => shape[shape.length - 1]!);
}

/** The sum of {@link channelCounts}. */
export function totalChannels(shapes: readonly Shape[]): number {
  return channelCounts(shapes).reduce((sum, count) => sum + count, 0);
}
