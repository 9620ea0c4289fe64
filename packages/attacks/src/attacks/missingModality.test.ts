import { normal, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AttackOptionsError, missingModality, ThreatModelError } from '../index.js';

describe('missingModality', () => {
  const inputs = {
    rgb: uniform([3, 2, 4, 3], 1),
    skeleton: normal([3, 5], 2),
    text: tf.ones([3, 2], 'int32'),
  };
  const labels = tf.tensor1d([0, 1, 0], 'int32');
  const never = () => {
    throw new Error('called');
  };

  it('fills one input and leaves the others alone, in new tensors', async () => {
    const before = tf.memory().numTensors;
    const attack = missingModality('rgb');
    const result = await attack.perturb(never, inputs, labels);
    expect(tf.memory().numTensors - before).toBe(3);
    expect(Object.keys(result)).toEqual(['rgb', 'skeleton', 'text']);
    expect(result.rgb!.shape).toEqual([3, 2, 4, 3]);
    expect(values(result.rgb!).every((v) => v === 0)).toBe(true);
    for (const name of ['skeleton', 'text'] as const) {
      expect(values(result[name]!)).toEqual(values(inputs[name]));
      expect(result[name]).not.toBe(inputs[name]);
      expect(result[name]!.dtype).toBe(inputs[name].dtype);
    }
    tf.dispose(result);
    expect(values(inputs.rgb)).toHaveLength(72);
    expect(attack.name).toBe('missingModality');
    expect(attack.threatModel).toEqual({ rgb: { norm: 'linf', epsilon: Infinity } });
  });

  it('fills with a number, with a tensor, with means, for each input its own', async () => {
    const colour = tf.tensor1d([0.1, 0.2, 0.3]);
    const both = await missingModality(['rgb', 'skeleton'], {
      fill: { rgb: colour, skeleton: -1 },
    }).perturb(never, inputs, labels);
    expect(values(both.rgb!)).toEqual(Array.from({ length: 24 }, () => values(colour)).flat());
    expect(values(both.skeleton!)).toEqual(Array(15).fill(-1));
    expect(colour.isDisposed).toBe(false);

    const means = await missingModality(['rgb', 'skeleton'], { fill: 'mean' }).perturb(never, inputs, labels);
    for (const [row, sample] of rowsOf(inputs.rgb).entries()) {
      const got = rowsOf(means.rgb!)[row]!;
      for (const [i, v] of got.entries()) {
        const own = sample.filter((_, k) => k % 3 === i % 3);
        expect(v).toBeCloseTo(own.reduce((a, b) => a + b) / 8, 5);
      }
    }
    for (const [row, sample] of rowsOf(inputs.skeleton).entries()) {
      for (const v of rowsOf(means.skeleton!)[row]!)
        expect(v).toBeCloseTo(sample.reduce((a, b) => a + b) / 5, 5);
    }
  });

  it('refuses what it cannot fill, and leaves nothing behind', async () => {
    expect(() => missingModality([])).toThrow(ThreatModelError);
    expect(() => missingModality('rgb', { fill: Number.NaN })).toThrow(AttackOptionsError);
    expect(() => missingModality(['rgb', 'skeleton'], { fill: { rgb: 0 } })).toThrow(
      /missingModality\.fill\.skeleton: got undefined/,
    );
    const wide = tf.ones([4]);
    await expectCleanFailure(
      () => missingModality('rgb', { fill: wide }).perturb(never, inputs, labels),
      /shape \[4\].*\[3, 2, 4, 3\]/,
    );
    await expectCleanFailure(() => missingModality('audio').perturb(never, inputs, labels), /audio.*'rgb'/);
    const stopped = { signal: AbortSignal.abort(new Error('enough')) };
    await expectCleanFailure(() => missingModality('rgb').perturb(never, inputs, labels, stopped), /enough/);
  });
});
