import type { Shape } from '@tensorflow/tfjs-layers';

/** @throws {Error} when a graph is not for the joints of inputs [batch, persons, frames, joints, C] */
export function checkJoints(layer: string, inputShape: Shape, adjacency: readonly number[][][]): void {
  const joints = inputShape[3];
  const expected = adjacency[0]?.length;
  if (joints === expected) return;
  throw new Error(`${layer}: got ${joints} joints and an adjacency of ${expected}; expected as many.`);
}
