import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { LossTrace } from './lossTrace.js';

const step = (number: number, losses: number[], restart = 1) => ({
  step: number,
  steps: 200,
  restart,
  restarts: 2,
  loss: tf.tensor1d(losses),
  adversarial: {},
});
/** Adds a step as attacks report it: its tensors are disposed of afterwards. */
const add = (trace: LossTrace, ...of: Parameters<typeof step>) => tf.tidy(() => trace.add(step(...of)));

describe('LossTrace', () => {
  it('keeps every step of the first restart and frees them', async () => {
    const before = tf.memory().numTensors;
    const trace = new LossTrace(2);
    for (let i = 1; i <= 150; i++) add(trace, i, [i, -i]);
    add(trace, 1, [0, 0], 2);
    const losses = await trace.read();
    expect(losses).toHaveLength(150);
    losses!.forEach((losses, i) => {
      expect([...losses]).toEqual([i + 1, -i - 1]);
    });
    trace.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('reads nothing after several restarts in a row, when rows finish early, and without a step', async () => {
    const restarted = new LossTrace(2);
    for (const i of [1, 2, 1]) add(restarted, i, [1, 2]);
    expect(await restarted.read()).toBeUndefined();
    restarted.dispose();
    const shrinking = new LossTrace(2);
    add(shrinking, 1, [1, 2]);
    add(shrinking, 2, [1]);
    expect(await shrinking.read()).toBeUndefined();
    shrinking.dispose();
    expect(await new LossTrace(2).read()).toBeUndefined();
  });
});
