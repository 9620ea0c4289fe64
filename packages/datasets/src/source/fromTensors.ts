import { formatValue, type ModalityInfo } from '@amr/internal';
import type { Tensor } from '@tensorflow/tfjs-core';
import { DatasetError } from '../datasetError.js';
import { checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import { classNumbers } from './classNumbers.js';
import { type ArrayDataset, fromArrays, type ModalityArray } from './fromArrays.js';

/** Options of {@link fromTensors} and `fromTfData` that describe the samples. */
export interface SampleDescription {
  /** Names of the classes. Default: their numbers, `'0'`, `'1'`, ...; for labels that are names, these, sorted. */
  classes?: readonly string[];
  /** Name of each sample. Default: its position, `'0'`, `'1'`, ... */
  ids?: readonly string[];
  /** Unit, range and kind of the modalities, by name. Default: unit `'one'`, any number, kind inferred from the shape. */
  modalities?: { readonly [name: string]: Partial<Omit<ModalityInfo, 'shape'>> };
}

/**
 * A data set of tensors, one for each modality, whose first axis is the sample.
 *
 * The values are copied once into memory, and read back asynchronously, as WebGPU requires. The tensors stay the
 * caller's: dispose of them afterwards. A single input needs a name too: `fromTensors({ image: x }, y)`.
 * @param modalities tensors `[samples, ...shape]` by name
 * @param labels class numbers `[samples]`, as numbers or a tensor; one-hot rows, a tensor `[samples, classes]`; or names of
 * classes
 * @param options names, units and ranges; see {@link SampleDescription}
 * @returns the data set; its batches are float32 tensors
 * @throws {DatasetError} when an option is unknown, sizes don't match, a label has no class, ids repeat, or a value is not
 * finite or out of its range
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { fromTensors } from '@amr/datasets';
 *
 * const rgb = tf.randomUniform([4, 8, 8, 3]);
 * const skeleton = tf.randomNormal([4, 25, 3]);
 * const dataset = await fromTensors({ rgb, skeleton }, [0, 1, 0, 1], {
 *   classes: ['wave', 'clap'],
 *   modalities: { rgb: { range: [0, 1] } },
 * });
 * tf.dispose([rgb, skeleton]);
 * console.log(dataset.size, dataset.modalities.skeleton.shape); // 4 [25, 3]
 */
export async function fromTensors(
  modalities: { readonly [name: string]: Tensor },
  labels: readonly number[] | readonly string[] | Int32Array | Tensor,
  options: SampleDescription = {},
): Promise<ArrayDataset> {
  rejectUnknownOptions('fromTensors', options, descriptionKeys);
  const isNamed = typeof modalities === 'object' && modalities !== null && !isTensor(modalities);
  checkOption('modalities', modalities, isNamed, 'an object of tensors by name, { rgb: x }');
  const tensors = Object.entries(modalities);
  for (const [name, value] of tensors) {
    const valid = isTensor(value) && value.rank >= 1 && value.dtype !== 'string';
    checkOption(`modalities.${name}`, value, valid, 'a tensor of numbers, [samples, ...shape]');
  }
  const isList = Array.isArray(labels) || ArrayBuffer.isView(labels);
  checkOption(
    'labels',
    labels,
    isList || isTensor(labels),
    'an array or a tensor, one label for each sample',
  );
  const size = isTensor(labels) ? labels.shape[0] : labels.length;
  for (const [name, { shape }] of tensors) {
    const expected = `${size} samples along the first axis, one for each label`;
    checkOption(`modalities.${name}`, modalities[name], shape[0] === size, expected);
  }
  const given = isTensor(labels)
    ? { values: Array.from(await labels.data()) as number[], shape: labels.shape }
    : { values: [...labels], shape: [labels.length] };
  const columns: { [name: string]: Column } = {};
  for (const [name, tensor] of tensors) {
    // A copy: the cpu backend gives its own array.
    columns[name] = { data: Float32Array.from(await tensor.data()), shape: tensor.shape.slice(1) };
  }
  return describedArrays(columns, classNumbers(given, options.classes), options);
}

/** All samples' values of a modality, and the shape of one sample. */
export interface Column {
  data: Float32Array;
  shape: number[];
}

/**
 * The data set of these values.
 * @throws {DatasetError} for a description that doesn't fit, and as fromArrays throws
 */
export function describedArrays(
  columns: { [name: string]: Column },
  { labels, classes }: { labels: number[]; classes: readonly string[] },
  { ids, modalities: described = {} }: SampleDescription,
): ArrayDataset {
  const known = Object.keys(columns);
  const modalities: { [name: string]: ModalityArray } = {};
  for (const [name, info] of Object.entries(described)) {
    if (!known.includes(name)) {
      throw new DatasetError(
        `modalities.${name}: got a description; expected one of the modalities ${formatValue(known)}.`,
      );
    }
    rejectUnknownOptions(`modalities.${name}`, info, infoKeys);
  }
  for (const name of known) {
    const { unit = 'one', range, kind } = described[name] ?? {};
    modalities[name] = { ...columns[name]!, unit, ...(range && { range }), ...(kind && { kind }) };
  }
  return fromArrays({ modalities, labels, classes, ...(ids && { ids }) });
}

/** The options of {@link SampleDescription}. */
export const descriptionKeys = /* @__PURE__ */ optionKeys<SampleDescription>({
  classes: true,
  ids: true,
  modalities: true,
});
const infoKeys = /* @__PURE__ */ optionKeys<Omit<ModalityInfo, 'shape'>>({
  unit: true,
  range: true,
  kind: true,
});

/** Whether a value is a tensor, of whatever copy of tfjs. */
export function isTensor(value: unknown): value is Tensor {
  const tensor = value as Partial<Tensor> | null | undefined;
  return typeof tensor === 'object' && typeof tensor?.data === 'function' && Array.isArray(tensor.shape);
}
