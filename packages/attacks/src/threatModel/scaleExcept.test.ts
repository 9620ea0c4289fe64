import { values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Budget, jointBall, scaledThreatModel } from '../index.js';
import { scaleExcept } from './scaleExcept.js';

const a: Budget = { norm: 'linf', epsilon: 0.5, stepSize: 0.1, range: [0, 1] };
const b: Budget = { norm: 'l2', epsilon: 2, stepSize: 0.4 };

describe('scaled threat models', () => {
  it('have their epsilons and steps multiplied', () => {
    expect(scaledThreatModel({ a, b }, 2)).toEqual({
      a: { ...a, epsilon: 1, stepSize: 0.2 },
      b: { ...b, epsilon: 4, stepSize: 0.8 },
    });
    expect(scaledThreatModel({ a }, 0)).toEqual({ a: { norm: 'linf', epsilon: 0, range: [0, 1] } });
    const scaled = jointBall('l2', 3, { a: { stepSize: 0.2, scale: 1 / 4 } });
    expect(scaledThreatModel(scaled, 0.5)).toEqual(
      jointBall('l2', 1.5, { a: { stepSize: 0.1, scale: 1 / 4 } }),
    );
  });

  it('take a scale for each modality, or for each sample', () => {
    expect(scaledThreatModel({ a, b }, { b: 0.5 })).toEqual({ a, b: { ...b, epsilon: 1, stepSize: 0.2 } });
    const scaled = scaledThreatModel({ a, b }, { a: tf.tensor1d([0, 1, 3]) }) as { a: Budget; b: Budget };
    expect(values(scaled.a.epsilon as tf.Tensor1D)).toEqual([0, 0.5, 1.5]);
    expect(scaled.a.stepSize).toBeUndefined();
    expect(scaled.b).toEqual(b);
  });

  it('refuse a scale for a modality without its own budget', () => {
    expect(() => scaledThreatModel({ a, b }, { c: 2 })).toThrow(
      /^scale: got an object with \['c'\]; expected scales for modalities with a budget, \['a', 'b'\]\.$/,
    );
    expect(() => scaledThreatModel(jointBall('l2', 1, { a: {}, b: {} }), { a: 2 })).toThrow(
      /^scale: got an object with \['a'\]; expected one number or vector, since a joint ball has one epsilon\.$/,
    );
  });

  it('leave fixed budgets as they are', () => {
    const { fixedBudgets, at } = scaleExcept({ a, b }, ['a']);
    expect(fixedBudgets).toEqual({ a });
    expect(at(3)).toEqual({ a, b: { ...b, epsilon: 6, stepSize: 0.4 * 3 } });
    expect(scaleExcept({ a, b }, []).fixedBudgets).toBeUndefined();
  });

  it.each([['c'], ['a', 'b']])('refuse to fix %s', (...fixed) => {
    expect(() => scaleExcept({ a, b }, fixed)).toThrow(
      /^fixed: got \['.*'\]; expected some, not all, of the modalities with a budget, \['a', 'b'\]\.$/,
    );
  });

  it('refuse fixed modalities of a joint ball', () => {
    expect(() => scaleExcept(jointBall('l2', 1, { a: {}, b: {} }), ['a'])).toThrow(
      /^fixed: got \['a'\]; expected no modalities, .* Give each modality its own budget\.$/,
    );
  });
});
