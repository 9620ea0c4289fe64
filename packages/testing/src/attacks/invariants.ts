import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Attack, Bound, Budget, JointBudget, Modalities, NormName, ThreatModel } from '@amr/attacks';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type InvariantCase as Case, casesOf } from './invariantCases.js';
import { lengthOf, rowsOf, values } from './models.js';
import { describeUnits } from './unitInvariants.js';

/** Options of {@link describeInvariants}. */
interface InvariantOptions {
  /** Norms that are tested. Default: all. */
  norms?: readonly NormName[];
  /** Classes of the network, 5 by default. */
  classes?: number;
  /** Cases for each rule. Default 12. */
  numRuns?: number;
  /** Scales of a joint l2 ball over both modalities, if the attack has one. */
  joint?: { a: number; b: number };
  /** Budget of the second modality, if it has its own. */
  other?: Budget;
  /** Whether labels are the classifier's predictions, for attacks that don't change rows that are wrong when clean. Default: random labels. */
  rightAtFirst?: boolean;
  /**
   * Largest difference, in widths of the range, between results that are equal except for rounding. Default 1e-5; larger for
   * attacks whose steps amplify rounding errors.
   */
  tolerance?: number;
  /** Share of a batch's entries that may differ more, where a rounding error can change a sign or a choice. Default 0. */
  outliers?: number;
  /** Whether the attack takes an infinite epsilon. Default false. */
  infinite?: boolean;
  /** Fixes the cases, for attacks in which a rounding error changes a comparison in one of some thousand cases. */
  caseSeed?: number;
}

/**
 * Declares the tests that every attack has to pass: inside ball and range, masked entries untouched, a row alone as in
 * a batch, a vector epsilon like a number, epsilon 0 the identity, same seed same result, no effect of a constant added
 * to the logits, the same result in other units of the input and with ranges and scales by channel, no tensor leaked, no input changed, no draw from Math.random. Shapes of rank 2 to 5, ranges other
 * than [0, 1], entries at the ends of the range, half of the networks with saturated softmax.
 * @param make makes the attack for a budget of modality `a` (and `options.other` of `b`), whose epsilon is a number or
 *   a vector, 0 included
 */
export function describeInvariants(
  name: string,
  make: (threatModel: ThreatModel & { a: Budget }) => Attack,
  options: InvariantOptions = {},
): void {
  const { norms = ['linf', 'l2', 'l1'], classes = 5, numRuns = 12, tolerance = 1e-5, outliers = 0 } = options;
  const cases = casesOf(norms, classes, options.rightAtFirst ?? false);
  const perturb = (
    { classifier, inputs, labels, seed }: Case,
    budget: Budget,
    rows?: number[],
    other = options.other,
  ) => {
    const threat = other ? { a: budget, b: other } : { a: budget };
    return make(threat as ThreatModel & { a: Budget }).perturb(classifier, inputs, labels, { seed, rows });
  };
  const check = (property: (given: Case) => Promise<void>) =>
    fc.assert(fc.asyncProperty(cases, property), { numRuns, seed: options.caseSeed });
  const near = (got: tf.Tensor, expected: tf.Tensor, width: number) => {
    expect(got.shape).toEqual(expected.shape);
    const other = values(expected);
    const apart = values(got).filter((value, i) => !(Math.abs(value - other[i]!) <= tolerance * width));
    expect(apart.length).toBeLessThanOrEqual(outliers * other.length);
  };

  describe(`${name} keeps the rules of every attack`, () => {
    it('stays inside ball and range, leaves masked entries, other modalities and its inputs alone, and leaks nothing', () =>
      check(async (given) => {
        const { inputs, labels, norm, budget, range, mask, epsilon } = given;
        const before = { a: values(inputs.a!), b: values(inputs.b!), labels: values(labels) };
        const tensors = tf.memory().numTensors;
        const random = vi.spyOn(Math, 'random');
        const result = await perturb(given, budget);
        expect(random).not.toHaveBeenCalled();
        random.mockRestore();
        expect(tf.memory().numTensors - tensors).toBe(2);
        expect({ a: values(inputs.a!), b: values(inputs.b!), labels: values(labels) }).toEqual(before);

        expect(Object.keys(result)).toEqual(['a', 'b']);
        expect(result.a!.shape).toEqual(inputs.a!.shape);
        const a = values(result.a!);
        expect(a.every((value) => value >= range[0] && value <= range[1])).toBe(true);
        const free = values(mask);
        expect(a.every((value, i) => free[i] === 1 || value === before.a[i])).toBe(true);

        const { joint, other } = options;
        if (!joint && !other) expect(values(result.b!)).toEqual(before.b);
        const changes = tf.tidy(() => rowsOf(tf.sub(result.a!, inputs.a!)));
        const others = tf.tidy(() => rowsOf(tf.sub(result.b!, inputs.b!)));
        // A sum of large numbers rounds to their last place, in each entry of a row.
        const rounding = 2e-7 * Math.max(...range.map(Math.abs), 1) * changes[0]!.length;
        for (const [row, change] of changes.entries()) {
          const all = joint
            ? [...change.map((v) => v / joint.a), ...others[row]!.map((v) => v / joint.b)]
            : change;
          expect(lengthOf(joint ? 'l2' : norm, all)).toBeLessThanOrEqual(epsilon * (1 + 1e-5) + 3 * rounding);
          if (other) {
            expect(lengthOf(other.norm, others[row]!)).toBeLessThanOrEqual(
              (other.epsilon as number) * (1 + 1e-5) + 2e-6,
            );
          }
        }
      }));

    it('is the identity for epsilon 0', () =>
      check(async (given) => {
        const result = await perturb(given, { ...given.budget, epsilon: 0 });
        expect(values(result.a!)).toEqual(values(given.inputs.a!));
        if (!options.other) expect(values(result.b!)).toEqual(values(given.inputs.b!));
      }));

    it('gives the same result for a vector of epsilons as for a number, and applies each to its sample', () =>
      check(async (given) => {
        const rows = given.labels.shape[0];
        const width = given.range[1] - given.range[0];
        const scalar = await perturb(given, given.budget);
        const vector = await perturb(given, { ...given.budget, epsilon: tf.fill([rows], given.epsilon) });
        near(vector.a!, scalar.a!, width);
        const mixed = tf.tensor1d(Array.from({ length: rows }, (_, row) => (row % 2) * given.epsilon));
        const half = await perturb(given, { ...given.budget, epsilon: mixed });
        if (options.other) return;
        const expected = tf.tidy(() =>
          tf.stack(
            tf.unstack(scalar.a!).map((row, i) => (i % 2 === 1 ? row : tf.unstack(given.inputs.a!)[i]!)),
          ),
        );
        near(half.a!, expected, width);
      }));

    it('gives a sample the same result alone as in a batch', () =>
      check(async (given) => {
        const { inputs, labels, budget, range } = given;
        const batch = await perturb(given, budget);
        for (let row = 0; row < labels.shape[0]; row++) {
          const pick = <T extends tf.Tensor>(x: T) => tf.slice(x, row, 1) as T;
          const one = {
            ...given,
            inputs: { a: pick(inputs.a!), b: pick(inputs.b!) },
            labels: pick(labels),
          };
          const result = await perturb(one, { ...budget, mask: pick(given.mask) }, [row]);
          near(result.a!, pick(batch.a!), range[1] - range[0]);
          near(result.b!, pick(batch.b!), 1);
        }
      }));

    it('gives the same result for the same seed', () =>
      check(async (given) => {
        const [one, two] = [await perturb(given, given.budget), await perturb(given, given.budget)];
        expect(values(one.a!)).toEqual(values(two.a!));
      }));

    it('gives the same result when a constant is added to the logits', () =>
      check(async (given) => {
        const { classifier, budget, range } = given;
        const plain = await perturb(given, budget);
        const shifted = await perturb(
          { ...given, classifier: (x: Modalities) => tf.tidy(() => tf.add(classifier(x), 4)) },
          budget,
        );
        near(shifted.a!, plain.a!, 10 * (range[1] - range[0]));
      }));

    describeUnits(cases, perturb, {
      ...options,
      // Each of these tests runs the attack at least twice.
      numRuns: Math.ceil(numRuns / 2),
    });
  });
}

/**
 * The part of a budget that a joint ball has for each modality: all but norm and epsilon, which belong to the ball.
 * @param factor multiplies the budget's scale
 */
export function jointBudgetOf({ norm: _, epsilon: __, ...budget }: Budget, factor = 1): JointBudget {
  return { ...budget, scale: multiplied(budget.scale ?? 1, factor) };
}

function multiplied(bound: Bound, factor: number): Bound {
  if (typeof bound === 'number') return bound * factor;
  return bound instanceof tf.Tensor
    ? tf.mul(bound, factor)
    : bound.map((part) => multiplied(part, factor) as number);
}
