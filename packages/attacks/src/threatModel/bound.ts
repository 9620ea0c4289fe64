/*
 * Bounds: the ends of ranges, and scales. A number stays a number as long as possible, since operations with numbers are the
 * fastest; anything else becomes a tensor of the input's shape, since comparisons that broadcast are slow on some backends.
 * An array never reaches an operation of tfjs: tf.clipByValue takes one without complaint and returns wrong values.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ThreatModelError } from '../errors.js';
import { budgetChecks } from '../options.js';
import { broadcastsTo } from '../tensors/broadcastsTo.js';
import type { Bound, NumberArray } from './threatModel.js';

const { checkOption } = budgetChecks;

/**
 * Refuses what is not a bound. The values of tensors are checked with the batch.
 * @param good whether a number is one of the valid values
 * @param expected what these are, as in 'a finite number above 0'
 * @throws {ThreatModelError} that names the value, or the entry of an array, by its path
 */
export function checkBound(
  path: string,
  bound: unknown,
  good: (value: number) => boolean,
  expected: string,
): void {
  if (bound instanceof tf.Tensor) {
    checkDtype(path, bound, ['float32', 'int32']);
    return;
  }
  if (!Array.isArray(bound)) {
    const isGood = typeof bound === 'number' && good(bound);
    checkOption(path, bound, isGood, `${expected}, or an array or tensor of such numbers`);
    return;
  }
  const checkEntries = (entries: readonly unknown[], where: string): void => {
    checkOption(where, entries, entries.length > 0, 'one entry or more');
    for (const [i, entry] of entries.entries()) {
      const at = `${where}[${i}]`;
      if (Array.isArray(entry)) checkEntries(entry, at);
      else checkOption(at, entry, typeof entry === 'number' && good(entry), expected);
    }
  };
  checkEntries(bound, path);
  if (!isRectangular(bound)) {
    throw new ThreatModelError(
      `${path}: got nested arrays of different lengths; expected arrays of equal shape.`,
    );
  }
}

/** Refuses tensors of other types. @throws {ThreatModelError} */
export function checkDtype(path: string, tensor: tf.Tensor, dtypes: readonly tf.DataType[]): void {
  if (dtypes.includes(tensor.dtype)) return;
  throw new ThreatModelError(
    `${path}: got a tensor of type ${tensor.dtype}; expected ${dtypes.join(' or ')}. Cast it with tf.cast.`,
  );
}

/** The shape of a bound, as a tensor would have it. */
function shapeOfBound(bound: Bound): number[] {
  if (typeof bound === 'number') return [];
  if (bound instanceof tf.Tensor) return bound.shape;
  return [bound.length, ...shapeOfBound(bound[0]!)];
}

/** A bound as a number, or as a tensor of the shape of the input. Call it inside a tidy. */
export function boundOn(bound: Bound, x: tf.Tensor): number | tf.Tensor {
  if (typeof bound === 'number') return bound;
  const given = tensorOf(bound);
  return tf.util.arraysEqual(given.shape, x.shape) ? tf.clone(given) : tf.mul(given, tf.ones(x.shape));
}

/** A bound as a tensor of the shape of the input. Call it inside a tidy. */
export function boundTensorOn(bound: Bound, x: tf.Tensor): tf.Tensor {
  const value = boundOn(bound, x);
  return typeof value === 'number' ? tf.fill(x.shape, value) : value;
}

/** Refuses a bound that does not broadcast to the input. @throws {ThreatModelError} with both shapes */
export function checkBoundShape(path: string, bound: Bound, x: tf.Tensor): void {
  const shape = shapeOfBound(bound);
  const good = broadcastsTo({ rank: shape.length, shape }, x);
  if (good) return;
  const kind = bound instanceof tf.Tensor ? 'a tensor' : 'an array';
  throw new ThreatModelError(
    `${path}: got ${kind} of shape [${shape.join(', ')}]; expected the input's shape, [${x.shape.join(', ')}], or one that broadcasts to it.`,
  );
}

/** Some rows of a bound that has one entry for each sample; others stay as they are. @param rows their indices, int32 */
export function takeBoundRows<T extends Bound>(
  bound: T,
  x: tf.Tensor | undefined,
  rows: tf.Tensor1D,
): T | tf.Tensor {
  const shape = shapeOfBound(bound);
  const perSample = shape.length > 0 && shape.length === x?.rank && shape[0] === x.shape[0];
  return perSample ? tf.tidy(() => tf.gather(tensorOf(bound), rows)) : bound;
}

function tensorOf(bound: Bound): tf.Tensor {
  const tensor = bound instanceof tf.Tensor ? bound : tf.tensor(bound as tf.TensorLike, undefined, 'float32');
  return tf.cast(tensor, 'float32');
}

function isRectangular(bound: NumberArray | number): boolean {
  if (typeof bound === 'number') return true;
  const first = JSON.stringify(shapeOfBound(bound[0]!));
  return bound.every((entry) => isRectangular(entry) && JSON.stringify(shapeOfBound(entry)) === first);
}
