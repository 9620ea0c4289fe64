import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { AttackInputError, ThreatModelError } from '../errors.js';
import { checkOption } from '../options.js';
import { BatchedRead } from '../tensors/batchedRead.js';
import { ballSpecsOf } from '../threatModel/ballSpecs.js';
import { boundTensorOn, checkBoundShape } from '../threatModel/bound.js';
import { budgetPath } from '../threatModel/checkThreatModel.js';
import { maskOn } from '../threatModel/masks/maskOn.js';
import { attackedModalities, type Bound, type ThreatModel } from '../threatModel/threatModel.js';
import type { PerturbOptions } from './attack.js';
import type { Targets } from './targets.js';

/** Results of the checks that later steps need. */
export interface CheckedBatch {
  /** Masks of the modalities that have one, in the input's shape, 0 and 1; the caller disposes of them. */
  masks: Modalities;
  /** The largest label or target, to be compared with the number of logits. Absent: labels are not classes. */
  largestLabel: { name: 'label' | 'target'; value: number } | undefined;
}

/** Options of {@link checkBatch}. */
interface CheckBatchOptions extends Pick<PerturbOptions, 'seed' | 'rows'> {
  /** Whether epsilons may be infinite. Default false. */
  allowInfiniteEpsilon?: boolean;
  /** Whether labels and targets may be of any kind, since loss and criterion are the caller's own. Default false. */
  anyLabels?: boolean;
}

/**
 * Checks a batch against a threat model. Shapes are checked at once, values in one transfer from the backend.
 * @throws {AttackInputError} when inputs, labels or targets are not valid
 * @throws {ThreatModelError} when the threat model doesn't fit them
 * @throws {AttackOptionsError} when seed or rows are not whole numbers
 */
export async function checkBatch(
  threatModel: ThreatModel,
  inputs: Modalities,
  { labels, targets }: { labels: tf.Tensor; targets?: tf.Tensor | undefined },
  { seed = 0, rows: numbers, allowInfiniteEpsilon = false, anyLabels = false }: CheckBatchOptions = {},
): Promise<CheckedBatch> {
  const isWhole = (value: number) => Number.isSafeInteger(value) && value >= 0;
  checkOption('perturb.seed', seed, isWhole(seed), 'a whole number from 0 to 2^53 - 1');
  const rows = checkGoals(threatModel, inputs, labels, targets, anyLabels);
  if (numbers) {
    const valid = numbers.length === rows && numbers.every(isWhole);
    checkOption('perturb.rows', [...numbers], valid, `a whole number from 0 for each of the ${rows} samples`);
  }

  const read = new BatchedRead();
  const masks: Modalities = {};
  try {
    for (const [modality, x] of Object.entries(inputs)) addFiniteCheck(read, modality, x);
    for (const { epsilon, modalities } of ballSpecsOf(threatModel)) {
      if (typeof epsilon !== 'number') {
        addEpsilonCheck(read, epsilon, Object.keys(modalities), rows, allowInfiniteEpsilon);
      }
      for (const [modality, { range, scale, mask }] of Object.entries(modalities)) {
        const x = inputs[modality]!;
        const path = budgetPath(threatModel, modality);
        if (range) addRangeCheck(read, modality, x, range, `${path}.range`);
        if (scale !== undefined) addScaleCheck(read, x, scale, `${path}.scale`);
        if (mask) {
          masks[modality] = maskOn(mask, x, `${path}.mask`);
          addMaskCheck(read, modality, masks[modality]);
        }
      }
    }
    const largest: NonNullable<CheckedBatch['largestLabel']> = { name: 'label', value: -1 };
    if (!anyLabels) {
      addClassCheck(read, 'label', labels, largest);
      if (targets) {
        addClassCheck(read, 'target', targets, largest);
        addTargetCheck(read, labels, targets);
      }
    }
    await read.run();
    return { masks, largestLabel: anyLabels ? undefined : largest };
  } catch (error) {
    read.dispose();
    tf.dispose(masks);
    throw error;
  }
}

/**
 * Checks names, ranks, types and batch sizes of inputs, labels and targets.
 * @param anyLabels whether labels and targets may be of any kind
 * @returns the batch size
 * @throws {AttackInputError} when they are not valid
 * @throws {ThreatModelError} when the threat model has a budget for an input that is not there
 */
export function checkGoals(
  threatModel: ThreatModel,
  inputs: Modalities,
  labels: tf.Tensor,
  targets: Targets | undefined,
  anyLabels: boolean,
): number {
  const rows = checkInputs(threatModel, inputs);
  const check = anyLabels ? checkFirstAxis : checkClassShape;
  check('labels', labels, rows);
  // A text means that the targets are chosen later.
  if (targets !== undefined && typeof targets !== 'string') check('targets', targets, rows);
  return rows;
}

/** Checks names, ranks, types and batch sizes of the inputs. Returns the batch size. */
function checkInputs(threatModel: ThreatModel, inputs: Modalities): number {
  if ((inputs as unknown) instanceof tf.Tensor || Array.isArray(inputs)) {
    const example = `{ ${attackedModalities(threatModel).join(', ')} }`;
    throw new AttackInputError(
      mismatch('inputs', inputs, 'an object of tensors by modality name', `Write ${example}.`),
    );
  }
  const names = Object.keys(inputs ?? {});
  if (names.length === 0) {
    throw new AttackInputError('inputs: got no modality; expected an object of tensors by modality name.');
  }
  for (const name of names) {
    const x = inputs[name] as tf.Tensor | undefined;
    if (!(x instanceof tf.Tensor) || x.rank === 0) {
      throw new AttackInputError(
        `inputs.${name}: got ${formatValue(x)}; expected a tensor whose first axis is the batch.`,
      );
    }
  }
  const rows = inputs[names[0]!]!.shape[0]!;
  if (names.some((name) => inputs[name]!.shape[0] !== rows) || rows === 0) {
    const sizes = names.map((name) => `'${name}' ${formatValue(inputs[name]!.shape)}`).join(', ');
    throw new AttackInputError(
      `inputs: got the shapes ${sizes}; expected the same batch size, 1 or more, first in each.`,
    );
  }
  for (const name of attackedModalities(threatModel)) {
    const x = inputs[name];
    if (!x) {
      throw new ThreatModelError(
        `threatModel.${name}: got a budget for an input that is not there; expected budgets for ${names.map(formatValue).join(', ')} only.`,
      );
    }
    if (x.dtype !== 'float32') {
      throw new AttackInputError(
        `inputs.${name}: got a tensor of type ${x.dtype}; expected float32, the only type that can be perturbed. Cast it with tf.cast(x, 'float32').`,
      );
    }
    if (x.size === 0) {
      throw new AttackInputError(
        `inputs.${name}: got the shape ${formatValue(x.shape)}; expected one entry or more.`,
      );
    }
  }
  return rows;
}

function checkClassShape(name: 'labels' | 'targets', classes: tf.Tensor, rows: number): void {
  const good = classes instanceof tf.Tensor && classes.rank === 1 && classes.shape[0] === rows;
  if (good && (classes.dtype as string) !== 'string') return;
  const expected = `one class index per sample, a tensor of shape [${rows}]`;
  throw new AttackInputError(mismatch(name, classes, expected, adviceOnClasses(name, classes)));
}

/** What to do about labels that are not class indices. */
function adviceOnClasses(name: string, classes: unknown): string | undefined {
  const texts = "Number the classes: tf.tensor1d(names.map((name) => classes.indexOf(name)), 'int32').";
  if (classes instanceof tf.Tensor) {
    if ((classes.dtype as string) === 'string') return texts;
    return classes.rank > 1
      ? `Take the classes of one-hot rows by tf.argMax(${name}, 1). For other labels than classes give the attack a loss and perturb a criterion that are functions.`
      : undefined;
  }
  if (!Array.isArray(classes) && !ArrayBuffer.isView(classes)) return undefined;
  return typeof (classes as unknown[])[0] === 'string' ? texts : `Write tf.tensor1d(${name}, 'int32').`;
}

function checkFirstAxis(name: 'labels' | 'targets', values: tf.Tensor, rows: number): void {
  if (values instanceof tf.Tensor && values.rank > 0 && values.shape[0] === rows) return;
  throw new AttackInputError(mismatch(name, values, `a tensor of shape [${rows}, ...], the batch first`));
}

function addFiniteCheck(read: BatchedRead, modality: string, x: tf.Tensor): void {
  if (x.dtype !== 'float32') return;
  const finite = () => tf.all(tf.isFinite(tf.reshape(x, [x.shape[0]!, -1])), 1);
  read.add(finite, (rows) => {
    const bad = rows.indexOf(0);
    if (bad >= 0) {
      throw new AttackInputError(
        `inputs.${modality}: got NaN or infinite entries in sample ${bad} of the batch; expected finite numbers.`,
      );
    }
  });
}

function addRangeCheck(
  read: BatchedRead,
  modality: string,
  x: tf.Tensor,
  [low, high]: readonly [Bound, Bound],
  path: string,
): void {
  if (typeof low !== 'number' || typeof high !== 'number') {
    for (const [i, end] of [low, high].entries()) checkBoundShape(`${path}[${i}]`, end, x);
    read.add(
      () => flagsWithinRange(x, boundTensorOn(low, x), boundTensorOn(high, x)),
      (flags) => reportRange(flags, modality, path),
    );
    return;
  }
  const ends = () => tf.stack([tf.min(x), tf.max(x)]);
  read.add(ends, ([smallest, largest]) => {
    if (smallest! < Math.fround(low) || largest! > Math.fround(high)) {
      throw new AttackInputError(
        `inputs.${modality}: got values from ${smallest} to ${largest}; expected values in the budget's range ${formatValue([low, high])}. Scale the input or correct the range.`,
      );
    }
  });
}

/** For each sample whether its range rises everywhere, and whether its values are within it, `[2, batch]`. */
function flagsWithinRange(x: tf.Tensor, low: tf.Tensor, high: tf.Tensor): tf.Tensor {
  const everywhere = (flags: tf.Tensor) => tf.all(tf.reshape(flags, [x.shape[0]!, -1]), 1);
  const inside = tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high));
  return tf.stack([everywhere(tf.less(low, high)), everywhere(inside)]);
}

function reportRange(flags: Float32Array, modality: string, path: string): void {
  const rows = flags.length / 2;
  const rising = flags.subarray(0, rows).indexOf(0);
  if (rising >= 0) {
    throw new ThreatModelError(
      `${path}: got a smallest value that is NaN or not below the largest, in sample ${rising} of the batch; expected [smallest, largest] with smallest below largest everywhere.`,
    );
  }
  const bad = flags.subarray(rows).indexOf(0);
  if (bad >= 0) {
    throw new AttackInputError(
      `inputs.${modality}: got values outside the budget's range in sample ${bad} of the batch; expected values from the range's smallest to its largest. Scale the input or correct the range.`,
    );
  }
}

function addScaleCheck(read: BatchedRead, x: tf.Tensor, scale: Bound, path: string): void {
  if (typeof scale === 'number') return;
  checkBoundShape(path, scale, x);
  if (!(scale instanceof tf.Tensor)) return;
  const valid = () => tf.all(tf.logicalAnd(tf.greater(scale, 0), tf.isFinite(scale)));
  read.add(valid, ([isValid]) => {
    if (!isValid) {
      throw new ThreatModelError(
        `${path}: got a tensor with values that are 0, negative, NaN or infinite; expected finite numbers above 0.`,
      );
    }
  });
}

function addEpsilonCheck(
  read: BatchedRead,
  epsilon: tf.Tensor1D,
  names: string[],
  rows: number,
  allowInfiniteEpsilon: boolean,
): void {
  const path = `threatModel.${names.join('+')}.epsilon`;
  if (epsilon.shape[0] !== rows) {
    throw new ThreatModelError(
      `${path}: got ${epsilon.shape[0]} values; expected one for each of the ${rows} samples.`,
    );
  }
  read.add(
    () => epsilon,
    (values) => {
      const bad = values.findIndex((value) => !(value >= 0 && (allowInfiniteEpsilon || value < Infinity)));
      if (bad >= 0) {
        throw new ThreatModelError(
          `${path}: got ${values[bad]} for sample ${bad}; expected finite numbers that are 0 or more.`,
        );
      }
    },
  );
}

function addMaskCheck(read: BatchedRead, modality: string, mask: tf.Tensor): void {
  const binary = () => tf.all(tf.logicalOr(tf.equal(mask, 0), tf.equal(mask, 1)));
  read.add(binary, ([isBinary]) => {
    if (!isBinary) {
      throw new ThreatModelError(
        `threatModel.${modality}.mask: got values other than 0 and 1; expected 1 where the attack may write, else 0.`,
      );
    }
  });
}

function addClassCheck(
  read: BatchedRead,
  name: 'label' | 'target',
  classes: tf.Tensor,
  largest: NonNullable<CheckedBatch['largestLabel']>,
): void {
  read.add(
    () => classes,
    (values) => {
      for (const [row, value] of values.entries()) {
        if (!(Number.isInteger(value) && value >= 0)) {
          throw new AttackInputError(
            `${name}s[${row}]: got ${value}; expected a class index, a whole number from 0.`,
          );
        }
        if (value > largest.value) Object.assign(largest, { name, value });
      }
    },
  );
}

function addTargetCheck(read: BatchedRead, labels: tf.Tensor, targets: tf.Tensor): void {
  const same = () => tf.equal(tf.cast(labels, 'int32'), tf.cast(targets, 'int32'));
  read.add(same, (flags) => {
    const rows = [...flags.keys()].filter((row) => flags[row] === 1);
    if (rows.length > 0) {
      throw new AttackInputError(
        `targets: got the label itself in sample ${rows.join(', ')} of the batch; expected other classes. Take these samples out, or use 'least-likely' or 'random', which never choose the label.`,
      );
    }
  });
}
