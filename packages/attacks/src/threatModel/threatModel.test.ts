import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  attackConditions,
  attackedModalities,
  type Budget,
  fgsm,
  isJointBall,
  jointBall,
  pgd,
  ThreatModelError,
} from '../index.js';

const rgb: Budget = { norm: 'linf', epsilon: 8 / 255, range: [0, 1] };
const skeleton: Budget = { norm: 'l2', epsilon: 0.02 };

describe('a threat model', () => {
  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /null/],
    ['no modality', {}, /names no modality/],
    ['an unknown norm', { rgb: { ...rgb, norm: 'l3' } }, /'rgb' is 'l3'; expected 'linf', 'l2' or 'l1'/],
    ['a negative epsilon', { rgb: { ...rgb, epsilon: -0.1 } }, /epsilon for 'rgb' is -0.1/],
    ['a NaN epsilon', { rgb: { ...rgb, epsilon: Number.NaN } }, /epsilon for 'rgb' is NaN/],
    ['an infinite epsilon', { rgb: { ...rgb, epsilon: Infinity } }, /epsilon for 'rgb' is Infinity/],
    ['no epsilon', { rgb: { norm: 'l2' } }, /epsilon for 'rgb' is undefined/],
    [
      'a matrix of epsilons',
      { rgb: { ...rgb, epsilon: tf.zeros([2, 1]) } },
      /shape \[2, 1\]; expected.*\[batch\]/,
    ],
    ['an inverted range', { rgb: { ...rgb, range: [1, 0] } }, /range for 'rgb' is \[1, 0\]/],
    ['an empty range', { rgb: { ...rgb, range: [1, 1] } }, /range for 'rgb' is \[1, 1\]/],
    ['a step size of 0', { rgb: { ...rgb, stepSize: 0 } }, /stepSize for 'rgb' is 0/],
    ['a second modality at fault', { rgb, skeleton: { ...skeleton, epsilon: -1 } }, /'skeleton'/],
  ])('is refused when it has %s', (_, threatModel, message) => {
    expect(() => fgsm(threatModel as never)).toThrow(ThreatModelError);
    expect(() => pgd(threatModel as never)).toThrow(message);
  });

  it('is refused as a joint ball for the same reasons, and for its weights', () => {
    expect(() => jointBall('l2', -1, { rgb: {} })).toThrow(ThreatModelError);
    expect(() => jointBall('l2', 1, {})).toThrow(/no modality/);
    expect(() => jointBall('l1' as never, 1, { rgb: {} })).toThrow(/'l1'; expected 'linf' or 'l2'/);
    expect(() => jointBall('l2', 1, { rgb: { weight: 0 } })).toThrow(/weight for 'rgb' is 0/);
    expect(() => jointBall('l2', 1, { rgb: { range: [2, 1] } })).toThrow(/range/);
  });

  it('knows its modalities', () => {
    const joint = jointBall('linf', 1, { depth: {}, skeleton: { weight: 2 } });
    expect(attackedModalities({ rgb, skeleton })).toEqual(['rgb', 'skeleton']);
    expect(attackedModalities(joint)).toEqual(['depth', 'skeleton']);
    expect([isJointBall(joint), isJointBall({ rgb })]).toEqual([true, false]);
  });
});

describe('attackConditions', () => {
  it('attacks each modality alone, then all together', () => {
    expect(attackConditions({ rgb, skeleton })).toEqual({
      rgb: { rgb },
      skeleton: { skeleton },
      both: { rgb, skeleton },
    });
    expect(Object.keys(attackConditions({ rgb, skeleton, audio: skeleton }))).toEqual([
      'rgb',
      'skeleton',
      'audio',
      'all',
    ]);
    expect(attackConditions({ rgb })).toEqual({ rgb: { rgb } });
  });

  it('refuses bad budgets and a name that is taken', () => {
    expect(() => attackConditions({ rgb: { ...rgb, epsilon: -1 } })).toThrow(ThreatModelError);
    expect(() => attackConditions({})).toThrow(ThreatModelError);
    expect(() => attackConditions({ rgb, both: skeleton })).toThrow(/'both'/);
  });
});
