import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** Runs what has to fail, and expects its message and that no tensor is left behind. */
export async function expectCleanFailure(run: () => Promise<unknown>, message: RegExp): Promise<void> {
  const before = tf.memory().numTensors;
  await expect(run()).rejects.toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
}
