import type { Bound, Budget, Modalities, NumberArray } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { InvariantCase } from './invariantCases.js';
import { lengthOf, rowsOf, values } from './models.js';

/** Runs the attack. @param other the second modality's budget, if it has one */
type Perturb = (given: InvariantCase, budget: Budget, rows?: number[], other?: Budget) => Promise<Modalities>;

/** Options of {@link describeUnits}: a part of those of `describeInvariants`. */
interface UnitOptions {
  numRuns: number;
  caseSeed?: number;
  joint?: object;
  other?: Budget;
  infinite?: boolean;
}

/** Units that differ from 1 by more than a power of two. In float32, so that ends of ranges stay ends after a product. */
const UNITS = [1e-3, 255, 1000].map(Math.fround);
/** Powers of two, near the same units: products with them are exact. */
const EXACT_UNITS = [2 ** -10, 2 ** 8, 2 ** 10];
/** Scales of an input's channels. */
const CHANNELS = [4, 0.25, 2];
/** How bounds by channel can be given; the last two have one for each sample. */
const FORMS = [
  'array',
  'nested array',
  'vector',
  'whole tensor',
  'array by sample',
  'tensor by sample',
] as const;

/**
 * Declares the tests that results don't depend on units: the inputs, epsilon and range times u give the perturbation times u
 * on a network that divides its input by u, and the same by channel, with a scale.
 */
export function describeUnits(
  cases: fc.Arbitrary<InvariantCase>,
  perturb: Perturb,
  { numRuns, caseSeed, joint, other, infinite = false }: UnitOptions,
): void {
  const variants = fc.record({ limited: fc.boolean(), infinite: fc.boolean() });
  const check = <T>(extra: fc.Arbitrary<T>, property: (given: InvariantCase, extra: T) => Promise<void>) =>
    fc.assert(fc.asyncProperty(cases, extra, property), { numRuns, seed: caseSeed });

  /** The result in units of u, and the one in units of 1. A joint ball has one epsilon, so there both inputs have the same unit. */
  const inBothUnits = async (
    given: InvariantCase,
    unit: number,
    variant: { limited: boolean; infinite: boolean },
  ) => {
    const { range, epsilon } = given;
    const units = { a: unit, b: joint ? unit : 1 / unit };
    const at = (u: number): Budget => ({
      ...given.budget,
      epsilon: infinite && variant.infinite ? Infinity : epsilon * u,
      range: variant.limited ? [range[0] * u, range[1] * u] : undefined,
    });
    const scaled = { a: tf.mul(given.inputs.a!, units.a), b: tf.mul(given.inputs.b!, units.b) };
    const classifier = (x: Modalities) =>
      tf.tidy(() => given.classifier({ a: tf.div(x.a!, units.a), b: tf.div(x.b!, units.b) }));
    const others = other && { ...other, epsilon: (other.epsilon as number) * units.b };
    const found = await perturb({ ...given, inputs: scaled, classifier }, at(unit), undefined, others);
    const expected = await perturb(given, at(1));
    const wrong = (network: InvariantCase['classifier'], x: Modalities) =>
      tf.tidy(() => values(tf.notEqual(tf.argMax(network(x), 1), given.labels)));
    return {
      expected,
      fooled: { found: wrong(classifier, found), expected: wrong(given.classifier, expected) },
      found: { a: tf.div(found.a!, units.a), b: tf.div(found.b!, units.b) } as Modalities,
    };
  };

  it.each(EXACT_UNITS)(
    'gives the very same perturbation, times the unit, for inputs in a unit of %d',
    (unit) =>
      check(variants, async (given, variant) => {
        const { found, expected } = await inBothUnits(given, unit, variant);
        for (const name of ['a', 'b'] as const) expect(values(found[name]!)).toEqual(values(expected[name]!));
      }),
  );

  it.each(UNITS)(
    'fools the same samples by perturbations as long, relative to the unit, in a unit of %d',
    async (unit) => {
      let rows = 0;
      let apart = 0;
      await check(variants, async (given, variant) => {
        const { found, expected, fooled } = await inBothUnits(given, unit, variant);
        const lengthsOf = (result: Modalities) =>
          tf.tidy(() => rowsOf(tf.sub(result.a!, given.inputs.a!)).map((row) => lengthOf(given.norm, row)));
        const lengths = lengthsOf(expected);
        // Quotients by the unit are rounded, relative to the values, which are up to 550 widths from 0.
        const size = given.inputs.a!.size / given.labels.size;
        const rounding = 1e-6 * Math.max(...given.range.map(Math.abs)) * size;
        const differs = lengthsOf(found).map(
          (length, row) =>
            !(Math.abs(length - lengths[row]!) <= 0.02 * lengths[row]! + rounding) ||
            fooled.found[row] !== fooled.expected[row],
        );
        rows += differs.length;
        apart += differs.filter((other) => other).length;
      });
      // Where two entries or classes are equal but for rounding, the attack may choose the other one.
      expect(apart).toBeLessThanOrEqual(Math.ceil(0.1 * rows));
    },
  );

  it('gives the very same perturbation, times the scale, for inputs in another unit by channel', () =>
    check(fc.constantFrom(...FORMS), async (given, form) => {
      const { inputs, range } = given;
      const scale = scalesFor(inputs.a!, form);
      const whole = tf.tidy(() => tf.mul(asTensor(scale), tf.ones(inputs.a!.shape)));
      const ends = range.map((end) => timesNumber(scale, end)) as [Bound, Bound];
      // The scale is an input as well: attacks may call the classifier with a part of the batch.
      const classifier = ({ a, b, unit }: Modalities) =>
        tf.tidy(() => given.classifier({ a: tf.div(a!, unit!), b: b! }));
      const scaled = {
        ...given,
        inputs: { ...inputs, a: tf.mul(inputs.a!, whole), unit: whole },
        classifier,
      };
      const before = tf.memory().numTensors;
      const found = await perturb(scaled, { ...given.budget, scale, range: ends });
      // A joint ball multiplies the scale of its test.
      expect(tf.memory().numTensors - before).toBeLessThanOrEqual(joint ? 4 : 3);
      const expected = await perturb(given, given.budget);
      expect(values(tf.div(found.a!, whole))).toEqual(values(expected.a!));
      expect(values(found.b!)).toEqual(values(expected.b!));
    }));

  it('keeps each channel in its own range, to the last bit, and masked entries as they are', () =>
    check(fc.constantFrom(...FORMS), async (given, form) => {
      const { range, mask, inputs } = given;
      // Wider by a different part of the unit on either side.
      const margin = scalesFor(inputs.a!, form);
      const ends: [Bound, Bound] = [timesNumber(margin, -0.1, range[0]), timesNumber(margin, 0.05, range[1])];
      const found = await perturb(given, { ...given.budget, epsilon: given.epsilon * 10, range: ends });
      const [low, high] = ends.map((end) => values(tf.add(asTensor(end), tf.zeros(inputs.a!.shape))));
      const free = values(mask);
      const before = values(inputs.a!);
      const a = values(found.a!);
      expect(a.every((value, i) => value >= low![i]! && value <= high![i]!)).toBe(true);
      expect(a.every((value, i) => free[i] === 1 || value === before[i])).toBe(true);
    }));
}

/** Scales of the last axis, for the forms by sample also of the samples. */
function scalesFor(x: tf.Tensor, form: (typeof FORMS)[number]): Bound {
  const make = (): Bound => {
    const channels = tf.tensor1d(
      Array.from({ length: x.shape.at(-1)! }, (_, i) => CHANNELS[i % CHANNELS.length]!),
    );
    const samples = tf.reshape(tf.tensor1d(Array.from({ length: x.shape[0]! }, (_, i) => 2 ** (i % 3))), [
      -1,
      ...Array(x.rank - 1).fill(1),
    ]);
    switch (form) {
      case 'array':
        return channels.arraySync();
      case 'nested array':
        return tf.reshape(channels, [...Array(x.rank - 1).fill(1), -1]).arraySync() as NumberArray;
      case 'vector':
        return channels;
      case 'whole tensor':
        return tf.mul(channels, tf.ones(x.shape));
      case 'array by sample':
        return tf.mul(channels, samples).arraySync() as NumberArray;
      case 'tensor by sample':
        return tf.mul(channels, samples);
    }
  };
  return tf.tidy(make as () => tf.Tensor);
}

function asTensor(bound: Bound): tf.Tensor {
  return bound instanceof tf.Tensor ? bound : tf.tensor(bound as tf.TensorLike);
}

/** A bound times a factor, plus an offset, in its own form. */
function timesNumber(bound: Bound, factor: number, offset = 0): Bound {
  if (typeof bound === 'number') return bound * factor + offset;
  if (bound instanceof tf.Tensor) return tf.tidy(() => tf.add(tf.mul(bound, factor), offset));
  return bound.map((part) => timesNumber(part, factor, offset) as number);
}
