import { describeConstraint } from '@amr/testing/attacks/constraints';
import { normal, values } from '@amr/testing/attacks/models';
import { boneLengthsOf, kinect, people, sparsePeople } from '@amr/testing/attacks/skeletons';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { boneLengths } from './boneLengths.js';
import { boundedBoneLengths } from './boundedBoneLengths.js';

const change = 0.05;
const rule = boundedBoneLengths({ edges: kinect, change });

describe('boundedBoneLengths', () => {
  describeConstraint(rule, (seed) => sparsePeople(2, 2, 3, seed));

  it('lets bones change by the fraction and no more, and uses all of it', () => {
    const clean = people(1, 2, 3, 1);
    const moved = rule.apply(tf.add(clean, normal(clean.shape, 2, 0.03)), clean);
    const before = boneLengthsOf(clean, kinect).flat();
    const changes = boneLengthsOf(moved, kinect)
      .flat()
      .map((length, i) => length / before[i]! - 1);
    // Rounding moves a bone of 5 cm by 2^-19 of 3.5 m at most.
    expect(Math.max(...changes)).toBeLessThan(change + 2e-4);
    expect(Math.min(...changes)).toBeGreaterThan(-change - 2e-4);
    expect(changes.filter((share) => Math.abs(share) > change - 1e-3).length).toBeGreaterThan(20);
    expect(changes.filter((share) => Math.abs(share) < change / 2).length).toBeGreaterThan(5);
  });

  it('leaves perturbations that satisfy the constraint as they are', () => {
    const clean = people(1, 1, 2, 3);
    const obeying = rule.apply(tf.add(clean, normal(clean.shape, 4, 0.02)), clean);
    // Bones at the end of their bound are clipped again in the last digits of float32.
    expect(values(tf.max(tf.abs(tf.sub(rule.apply(obeying, clean), obeying))))[0]).toBeLessThan(5e-6);
  });

  it('equals boneLengths when nothing may change', () => {
    const clean = people(1, 1, 2, 5);
    const perturbed = tf.add(clean, normal(clean.shape, 6, 0.02));
    const none = boundedBoneLengths({ edges: kinect, change: 0 }).apply(perturbed, clean);
    expect(values(none)).toEqual(values(boneLengths({ edges: kinect }).apply(perturbed, clean)));
  });

  it.each([-0.1, 1, Number.NaN])('refuses a change of %d', (share) => {
    expect(() => boundedBoneLengths({ edges: kinect, change: share })).toThrow(
      /^boundedBoneLengths\.change: got .*; expected a fraction from 0 to below 1/,
    );
  });

  it('refuses unknown options', () => {
    const options = { edges: kinect, change: 0.1 };
    expect(() => boundedBoneLengths({ ...options, relative: 0.1 } as never)).toThrow(
      /^boundedBoneLengths\.relative: got an unknown option; expected one of edges, root, change, axes/,
    );
    expect(() => boundedBoneLengths({ ...options, axes: { frames: 1 } } as never)).toThrow(
      /^boundedBoneLengths\.axes\.frames: got an unknown option; expected one of joints, coordinates/,
    );
  });
});
