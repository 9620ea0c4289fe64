import { type Batch, type BatchOptions, type Dataset, formatValue, type ModalityInfo } from '@amr/internal';
import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { batchPlan } from '../batchPlan.js';
import { DatasetError } from '../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';

/** One modality of all samples, in memory. */
export interface ModalityArray {
  /** The values of all samples, one after the other. Bytes stay bytes until a batch is made of them. */
  data: Float32Array | Uint8Array;
  /** Shape of one sample, without the batch axis. */
  shape: number[];
  /** Unit of the values after scaling, such as `'metres'` or `'intensity'`. */
  unit: string;
  /** Factor of the stored values. Default 1/255 for bytes, 1 for floats. */
  scale?: number;
  /** Smallest and largest valid value after scaling. Default: [0, 255 * scale] for bytes, any number for floats. */
  range?: [number, number];
  /** Meaning of the axes, which augmentation depends on. Default: inferred from shape and unit. */
  kind?: ModalityInfo['kind'];
}

/** Labelled samples in memory. */
export interface LabelledArrays {
  /** The modalities, by name. */
  modalities: { [name: string]: ModalityArray };
  /** Class number of each sample. */
  labels: ArrayLike<number>;
  /** Names of the classes. */
  classes: readonly string[];
  /** Name of each sample. Default: its position, `'0'`, `'1'`, ... */
  ids?: readonly string[];
}

/** A data set whose samples are in memory and can be read one by one. */
export interface ArrayDataset extends Dataset {
  /** Class number of each sample. */
  readonly labels: readonly number[];
  /**
   * A copy of one sample's scaled values, with the modality's shape.
   * @throws {DatasetError} when there is no such sample or modality
   */
  values(index: number, modality: string): Float32Array;
  /** The samples at these positions, in this order, sharing memory with this data set. */
  subset(indices: readonly number[]): ArrayDataset;
}

const arraysKeys = optionKeys<LabelledArrays>({ modalities: true, labels: true, classes: true, ids: true });
const modalityKeys = optionKeys<ModalityArray>({
  data: true,
  shape: true,
  unit: true,
  scale: true,
  range: true,
  kind: true,
});

/**
 * A data set of arrays in memory. The arrays are not copied: don't change them afterwards.
 * @param arrays the modalities, labels, class names and ids; see {@link LabelledArrays}
 * @returns the data set; its batches are float32 tensors `[batch, ...shape]`, scaled
 * @throws {DatasetError} when a key is not known, sizes don't match, a label has no class, ids repeat, or a float is not finite or
 * out of range
 * @example
 * import { fromArrays } from '@amr/datasets';
 *
 * const dataset = fromArrays({
 *   modalities: {
 *     rgb: { data: new Uint8Array(4 * 2 * 8 * 8 * 3), shape: [2, 8, 8, 3], unit: 'intensity' },
 *     skeleton: { data: new Float32Array(4 * 1 * 2 * 25 * 3), shape: [1, 2, 25, 3], unit: 'metres' },
 *   },
 *   labels: [0, 1, 0, 1],
 *   classes: ['wave', 'clap'],
 * });
 * for await (const { inputs, labels } of dataset.batches({ batchSize: 2, seed: 1 })) {
 *   console.log(inputs.rgb.shape, labels.shape); // [2, 2, 8, 8, 3] [2]
 *   for (const tensor of [...Object.values(inputs), labels]) tensor.dispose();
 * }
 */
export function fromArrays(arrays: LabelledArrays): ArrayDataset {
  const labels = Array.from(arrays.labels);
  const ids = arrays.ids ?? labels.map((_, i) => String(i));
  rejectUnknownOptions('fromArrays', arrays, arraysKeys);
  check(arrays, labels, ids);
  return view(
    arrays.modalities,
    arrays.classes,
    labels,
    ids,
    labels.map((_, i) => i),
  );
}

/** The data set of some rows of the arrays. `labels` and `ids` are those of all rows. */
function view(
  arrays: { [name: string]: ModalityArray },
  classes: readonly string[],
  labels: readonly number[],
  ids: readonly string[],
  rows: readonly number[],
): ArrayDataset {
  const at = (index: number) => {
    const row = rows[index];
    if (row === undefined) {
      throw new DatasetError(
        `sample: got position ${index}; expected a whole number from 0 to ${rows.length - 1}.`,
      );
    }
    return row;
  };
  const modalities: { [name: string]: ModalityInfo } = {};
  for (const [name, array] of Object.entries(arrays)) {
    const range = rangeOf(array);
    const { shape, unit, kind } = array;
    modalities[name] = { shape: [...shape], ...(range && { range }), unit, ...(kind && { kind }) };
  }

  async function* run(plan: number[][]): AsyncGenerator<Batch> {
    for (const positions of plan) {
      const batchRows = positions.map(at);
      const inputs: { [modality: string]: Tensor } = {};
      for (const [name, array] of Object.entries(arrays)) {
        inputs[name] = tensor(gather(array, batchRows), [batchRows.length, ...array.shape], 'float32');
      }
      yield {
        ids: batchRows.map((row) => ids[row]!),
        inputs,
        labels: tensor1d(
          batchRows.map((row) => labels[row]!),
          'int32',
        ),
      };
    }
  }

  return {
    size: rows.length,
    classes,
    ids: rows.map((row) => ids[row]!),
    labels: rows.map((row) => labels[row]!),
    modalities,
    batches: (options: BatchOptions) => run(batchPlan(rows.length, options)),
    subset: (indices) => view(arrays, classes, labels, ids, indices.map(at)),
    values(index, modality) {
      const array = arrays[modality];
      if (!array) throw new DatasetError(`modality: got '${modality}'; expected one of ${names(arrays)}.`);
      return gather(array, [at(index)]);
    },
  };
}

/** The scaled values of some rows, one after the other. */
function gather(array: ModalityArray, rows: readonly number[]): Float32Array {
  const length = count(array.shape);
  const values = new Float32Array(rows.length * length);
  const scale = scaleOf(array);
  rows.forEach((row, i) => {
    values.set(array.data.subarray(row * length, (row + 1) * length), i * length);
  });
  if (scale !== 1) for (let i = 0; i < values.length; i++) values[i]! *= scale;
  return values;
}

function check(
  { modalities, classes }: LabelledArrays,
  labels: readonly number[],
  ids: readonly string[],
): void {
  if (Object.keys(modalities).length === 0) {
    throw new DatasetError('modalities: got none; expected at least one.');
  }
  if (ids.length !== labels.length) {
    throw new DatasetError(`ids: got ${ids.length}; expected one for each of ${labels.length} labels.`);
  }
  if (new Set(ids).size !== ids.length) {
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    throw new DatasetError(`ids: got '${twice}' for several samples; expected unique ids.`);
  }
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes.length) {
      throw new DatasetError(
        `labels[${i}]: got ${label} for sample '${ids[i]}'; expected a whole number from 0 to ${classes.length - 1} (${classes.length} classes).`,
      );
    }
  });
  for (const [name, array] of Object.entries(modalities)) checkModality(name, array, ids);
}

function checkModality(name: string, array: ModalityArray, ids: readonly string[]): void {
  rejectUnknownOptions(`modalities.${name}`, array, modalityKeys);
  const length = count(array.shape);
  if (array.shape.some((axis) => !Number.isInteger(axis) || axis < 1)) {
    throw new DatasetError(
      `modalities.${name}.shape: got ${formatValue(array.shape)}; expected positive whole numbers.`,
    );
  }
  if (array.data.length !== ids.length * length) {
    throw new DatasetError(
      `modalities.${name}.data: got ${array.data.length} values; expected ${ids.length * length} for ${ids.length} samples of shape ${formatValue(array.shape)}.`,
    );
  }
  const range = rangeOf(array);
  if (range && !(range[0] < range[1])) {
    throw new DatasetError(
      `modalities.${name}.range: got ${formatValue(range)}; expected [smallest, largest], in this order.`,
    );
  }
  if (array.data instanceof Uint8Array && array.range === undefined) return;
  const scale = scaleOf(array);
  // Values and bounds are rounded in the same way, so that a bound such as 0.1 is within the range.
  const [low, high] = range ? range.map(Math.fround) : [-Number.MAX_VALUE, Number.MAX_VALUE];
  for (let i = 0; i < array.data.length; i++) {
    const value = Math.fround(array.data[i]! * scale);
    if (!(value >= low! && value <= high!)) {
      const expected = range ? `a number in ${formatValue(range)}` : 'a finite number';
      throw new DatasetError(
        `modalities.${name}.data: got ${value} in sample '${ids[Math.floor(i / length)]}'; expected ${expected}.`,
      );
    }
  }
}

const count = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const names = (arrays: object) => Object.keys(arrays).join(', ');
const scaleOf = (array: ModalityArray) => array.scale ?? (array.data instanceof Uint8Array ? 1 / 255 : 1);
const rangeOf = (array: ModalityArray): [number, number] | undefined =>
  array.range ?? (array.data instanceof Uint8Array ? [0, 255 * scaleOf(array)] : undefined);
