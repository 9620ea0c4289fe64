import * as tf from '@tensorflow/tfjs-core';
import type { Replacement } from '../overrideKernels.js';
import { around, type KernelCall, viewed } from './kernelCall.js';

// biome-ignore format: arithmetic, comparisons, logic
const names = [
  tf.Add, tf.Sub, tf.Multiply, tf.RealDiv, tf.FloorDiv, tf.Mod, tf.Pow, tf.SquaredDifference, tf.Atan2,
  tf.Maximum, tf.Minimum, tf.Equal, tf.NotEqual, tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual,
  tf.LogicalAnd, tf.LogicalOr, tf.Prelu,
];

/**
 * Operations on a tensor of rank 5 or 6 and a vector, such as adding a bias to a clip's features. tfjs's shader for a tensor
 * and a vector supports at most four coordinates, does not compile, and leaves what was in the output's memory. A vector with
 * the tensor's rank, [1, ..., 1, n], goes to its other shader.
 */
export const vectorOperands: readonly Replacement[] = names.map((name) =>
  around(name, (stock) => (given) => stock({ ...given, inputs: ofOneRank(given.inputs) })),
);

function ofOneRank(inputs: KernelCall['inputs']): KernelCall['inputs'] {
  const rank = Math.max(...Object.values(inputs).map(({ shape }) => shape.length));
  if (rank < 5) return inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, x]) => [
      name,
      x.shape.length === 1 ? viewed(x, [...Array<number>(rank - 1).fill(1), ...x.shape]) : x,
    ]),
  );
}
