import { describeConstraint } from '@amr/testing/attacks/constraints';
import { denseClassifier, normal, values } from '@amr/testing/attacks/models';
import { boneLengthsOf, kinect, people, sparsePeople } from '@amr/testing/attacks/skeletons';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../../attacks/pgd.js';
import { onlyPresent } from '../masks/onlyPresent.js';
import { onlyBoneLengths } from './onlyBoneLengths.js';

const rule = onlyBoneLengths({ edges: kinect, root: 1 });

/** Skeletons whose bones, ordered from joint 1 on, are lengthened by factors for each person. */
const lengthened = (clean: tf.Tensor, factor: (person: number, bone: number) => number) => {
  const [rows, persons, frames] = clean.shape as [number, number, number];
  const old = tf.util.toNestedArray([rows * persons, frames, 20, 3], clean.dataSync()) as number[][][][];
  const next = old.map((body, person) =>
    body.map((joints) => {
      const placed: number[][] = [];
      placed[1] = joints[1]!;
      const waiting = kinect.map(([a, b], bone) => ({ a, b, bone }));
      while (waiting.length > 0) {
        const { a, b, bone } = waiting.shift()!;
        const [from, to] = placed[a] ? [a, b] : [b, a];
        if (!placed[from]) waiting.push({ a, b, bone });
        else
          placed[to] = placed[from].map(
            (at, i) => at + factor(person, bone) * (joints[to]![i]! - joints[from]![i]!),
          );
      }
      return placed;
    }),
  );
  return tf.tensor(next.flat(3), clean.shape);
};

describe('onlyBoneLengths', () => {
  describeConstraint(rule, (seed) => sparsePeople(2, 2, 3, seed), { widens: true });

  it('leaves only those skeletons as they are whose bones change by one factor in all frames', () => {
    const clean = people(2, 2, 3, 1);
    const factor = (person: number, bone: number) => 1 + 0.04 * Math.sin(7 * person + 3 * bone);
    const moved = lengthened(clean, factor);
    expect(values(rule.holds!(moved, clean))).toEqual([1, 1]);
    // Twelve steps of conjugate gradients for nineteen bones.
    expect(values(tf.max(tf.abs(tf.sub(rule.apply(moved, clean), moved))))[0]).toBeLessThan(1e-4);
    const inOneFrame = tf.concat(
      [tf.slice(moved, [0, 0, 0], [2, 2, 2]), tf.slice(clean, [0, 0, 2], [2, 2, 1])],
      2,
    );
    expect(values(rule.holds!(inOneFrame, clean))).toEqual([0, 0]);
    expect(values(rule.holds!(tf.add(clean, [0.001, 0, 0]), clean))).toEqual([0, 0]);
  });

  it('takes the lengths of least squares: the residual is orthogonal to every bone', () => {
    const clean = people(1, 1, 2, 2);
    const wanted = tf.add(clean, normal(clean.shape, 3, 0.02));
    const rest = tf.sub(wanted, rule.apply(wanted, clean));
    const size = values(tf.norm(tf.sub(wanted, clean)))[0]!;
    for (let bone = 0; bone < kinect.length; bone++) {
      const direction = tf.sub(
        lengthened(clean, (_, other) => (other === bone ? 2 : 1)),
        clean,
      );
      const cosine = values(tf.sum(tf.mul(rest, tf.div(direction, tf.norm(direction)))))[0]! / size;
      expect(Math.abs(cosine)).toBeLessThan(2e-3);
    }
  });

  it('bounds the change of lengths', () => {
    const clean = people(1, 1, 2, 4);
    const bounded = onlyBoneLengths({ edges: kinect, change: 0.1 });
    const moved = bounded.apply(tf.add(clean, normal(clean.shape, 5, 0.2)), clean);
    const before = boneLengthsOf(clean, kinect).flat();
    const changes = boneLengthsOf(moved, kinect)
      .flat()
      .map((length, i) => Math.abs(length / before[i]! - 1));
    expect(Math.max(...changes)).toBeCloseTo(0.1, 3);
    expect(values(bounded.holds!(moved, clean))).toEqual([1]);
    const further = lengthened(clean, () => 1.2);
    expect(values(bounded.holds!(further, clean))).toEqual([0]);
  });

  it('holds in the result of PGD, which raises the loss', async () => {
    const clean = { skeleton: sparsePeople(2, 2, 3, 6) };
    const classifier = denseClassifier(clean, 3, 7, 20);
    const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
    const bounded = onlyBoneLengths({ edges: kinect, change: 0.1 });
    const budget = { norm: 'l2' as const, epsilon: 3, mask: onlyPresent(), constraints: [bounded] };
    const losses: number[][] = [];
    const { skeleton } = await pgd({ skeleton: budget }, { steps: 5, loss: 'cw' }).perturb(
      classifier,
      clean,
      labels,
      { onStep: ({ loss }) => losses.push(values(loss)) },
    );
    expect(values(bounded.holds!(skeleton!, clean.skeleton))).toEqual([1, 1]);
    for (const row of [0, 1]) expect(losses.at(-1)![row]!).toBeGreaterThan(losses[0]![row]!);
  });

  it.each([0, 1.5])('refuses a change of %d', (share) => {
    expect(() => onlyBoneLengths({ edges: kinect, change: share })).toThrow(
      /^onlyBoneLengths\.change: got .*; expected a fraction above 0 and up to 1/,
    );
  });

  it('refuses unknown options', () => {
    expect(() => onlyBoneLengths({ edges: kinect, chnage: 0.1 } as never)).toThrow(
      /^onlyBoneLengths\.chnage: .*; expected change\. Rename it\.$/,
    );
  });
});
