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
    ['no object', null, /^threatModel: got null; expected budgets by modality, as in \{ rgb: /],
    ['no modality', {}, /^threatModel: got an object with \[\]; expected a budget for one modality or more/],
    ['no budget for a modality', { rgb: undefined }, /^threatModel\.rgb: got undefined; expected a budget/],
    [
      'an unknown norm',
      { rgb: { ...rgb, norm: 'l3' } },
      /^threatModel\.rgb\.norm: got 'l3'; expected one of linf, l2, l1\.$/,
    ],
    [
      'a negative epsilon',
      { rgb: { ...rgb, epsilon: -0.1 } },
      /^threatModel\.rgb\.epsilon: got -0\.1; expected a finite number that is 0 or more\.$/,
    ],
    ['a NaN epsilon', { rgb: { ...rgb, epsilon: Number.NaN } }, /^threatModel\.rgb\.epsilon: got NaN/],
    [
      'an infinite epsilon',
      { rgb: { ...rgb, epsilon: Infinity } },
      /^threatModel\.rgb\.epsilon: got Infinity/,
    ],
    ['no epsilon', { rgb: { norm: 'l2' } }, /^threatModel\.rgb\.epsilon: got undefined/],
    [
      'a matrix of epsilons',
      { rgb: { ...rgb, epsilon: tf.zeros([2, 1]) } },
      /^threatModel\.rgb\.epsilon: got a tensor of shape \[2, 1\]; expected.*\[batch\]/,
    ],
    ['an inverted range', { rgb: { ...rgb, range: [1, 0] } }, /^threatModel\.rgb\.range: got \[1, 0\]/],
    ['an empty range', { rgb: { ...rgb, range: [1, 1] } }, /^threatModel\.rgb\.range: got \[1, 1\]/],
    [
      'a number as range',
      { rgb: { ...rgb, range: 1 } },
      /^threatModel\.rgb\.range: got 1; expected \[smallest/,
    ],
    ['a step size of 0', { rgb: { ...rgb, stepSize: 0 } }, /^threatModel\.rgb\.stepSize: got 0/],
    [
      'a constraint without apply',
      { rgb: { ...rgb, constraints: [{ name: 'none' }] } },
      /^threatModel\.rgb\.constraints: got .*; expected an array of constraints/,
    ],
    [
      'an unknown key',
      { rgb: { ...rgb, weight: 1 } },
      /^threatModel\.rgb\.weight: got an unknown option; expected one of norm, epsilon, stepSize/,
    ],
    ['clip', { rgb: { ...rgb, clip: [0, 1] } }, /^threatModel\.rgb\.clip: .*; expected range\. Rename it\.$/],
    ['eps', { rgb: { ...rgb, eps: 1 } }, /^threatModel\.rgb\.eps: .*; expected epsilon\. Rename it\.$/],
    [
      'alpha',
      { rgb: { ...rgb, alpha: 1 } },
      /^threatModel\.rgb\.alpha: .*; expected stepSize\. Rename it\.$/,
    ],
    [
      'an invalid second budget',
      { rgb, skeleton: { ...skeleton, epsilon: -1 } },
      /^threatModel\.skeleton\.epsilon: got -1/,
    ],
  ])('is refused when it has %s', (_, threatModel, message) => {
    expect(() => fgsm(threatModel as never)).toThrow(ThreatModelError);
    expect(() => pgd(threatModel as never)).toThrow(message);
  });

  it('is refused as a joint ball for the same reasons, and for its weights', () => {
    expect(() => jointBall('l2', -1, { rgb: {} })).toThrow(ThreatModelError);
    expect(() => jointBall('l2', 1, {})).toThrow(/^jointBall: .* one modality or more/);
    expect(() => jointBall('l1' as never, 1, { rgb: {} })).toThrow(
      /^jointBall\.norm: got 'l1'; expected one of linf, l2\.$/,
    );
    expect(() => jointBall('l2', 1, { rgb: { scale: 0 } })).toThrow(
      /^jointBall\.modalities\.rgb\.scale: got 0; expected a finite number above 0, or/,
    );
    expect(() => jointBall('l2', 1, { rgb: { range: [2, 1] } })).toThrow(
      /^jointBall\.modalities\.rgb\.range: got \[2, 1\]/,
    );
    expect(() => jointBall('l2', 1, { rgb: { epsilon: 1 } as never })).toThrow(
      /^jointBall\.modalities\.rgb\.epsilon: got an unknown option/,
    );
    expect(() => pgd({ ...jointBall('l2', 1, { rgb: {} }), scale: 1 } as never)).toThrow(
      /^threatModel\.scale: got an unknown option/,
    );
  });

  it('has modalities', () => {
    const joint = jointBall('linf', 1, { depth: {}, skeleton: { scale: 1 / 2 } });
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

  it('refuses budgets that are not valid and a modality with the name of the joint condition', () => {
    expect(() => attackConditions({ rgb: { ...rgb, epsilon: -1 } })).toThrow(ThreatModelError);
    expect(() => attackConditions({})).toThrow(ThreatModelError);
    expect(() => attackConditions({ rgb, both: skeleton })).toThrow(
      /^attackConditions: got \['rgb', 'both'\]; expected modalities other than 'both'/,
    );
  });
});
