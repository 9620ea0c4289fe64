import { formatValue } from '@amr/internal';
import { dispose, type Tensor, type TensorLike, tensor } from '@tensorflow/tfjs-core';
import { DatasetError } from '../datasetError.js';
import { checkBoolean, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import { classNumbers } from './classNumbers.js';
import type { ArrayDataset } from './fromArrays.js';
import {
  type Column,
  describedArrays,
  descriptionKeys,
  isTensor,
  type SampleDescription,
} from './fromTensors.js';

/** What {@link fromTfData} needs of a tf.data data set; that of @tensorflow/tfjs-data has it. */
export interface TfDataset {
  /** Starts from the beginning. */
  iterator(): Promise<{
    /** The next element; `done` behind the last one. */
    next(): Promise<{
      /** The element, `{ xs, ys }`. */
      value: unknown;
      /** Whether there are no more elements. */
      done?: boolean;
    }>;
  }>;
}

/** Options of {@link fromTfData}. */
export interface TfDataOptions extends SampleDescription {
  /** Names of the modalities where `xs` is one tensor or a list of tensors, in order. Default: `['x']` for one tensor. */
  inputs?: readonly string[];
  /** Whether elements are batches, as `fitDataset` takes them, or single samples. Default: true. */
  batched?: boolean;
  /** Most bytes of float32 values to read; a data set that repeats for ever has more. Default: 2^30, 1 GiB. */
  maxBytes?: number;
}

/**
 * A data set of a tf.data data set of `{ xs, ys }`, as `fitDataset` takes it. It is read once, to the end, into memory, and
 * its elements are disposed of.
 *
 * tf.data gives its samples in one order and doesn't name them, while training that can be resumed and evaluations that can
 * be compared need samples by name, in an order that a seed decides. So pass the data set before `shuffle` and `repeat`:
 * ids are positions in the order in which it was read. Data sets that are too large for memory are prepared as shards.
 * @param dataset elements `{ xs, ys }`; `xs` a tensor, a list of tensors, or an object of tensors by modality; `ys` class
 * numbers or one-hot rows. Arrays are taken as well as tensors
 * @param options names, units and ranges; see {@link TfDataOptions}
 * @throws {DatasetError} when an option is unknown, an element doesn't fit the first one, the values have more than
 * `maxBytes`, a label has no class, ids repeat, or a value is not finite or out of its range
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import { fromTfData } from '@amr/datasets';
 *
 * // In your program: tf.data.zip({ xs, ys }).batch(2)
 * const elements = [0, 1].map((label) => ({ xs: { rgb: tf.ones([2, 8, 8, 3]) }, ys: tf.tensor1d([label, label], 'int32') }));
 * const dataset = await fromTfData({
 *   iterator: async () => {
 *     const all = elements.values();
 *     return { next: async () => all.next() };
 *   },
 * });
 * console.log(dataset.size, dataset.modalities.rgb.shape); // 4 [8, 8, 3]
 */
export async function fromTfData(dataset: TfDataset, options: TfDataOptions = {}): Promise<ArrayDataset> {
  rejectUnknownOptions('fromTfData', options, keys);
  const { inputs, batched = true, maxBytes = 2 ** 30 } = options;
  const isDataset = typeof dataset?.iterator === 'function';
  checkOption('dataset', dataset, isDataset, 'a tf.data data set, with the method iterator()');
  checkBoolean('batched', batched);
  checkOption('maxBytes', maxBytes, maxBytes > 0, 'a number above 0');
  const source = await dataset.iterator();
  const parts = new Map<string, { chunks: Float32Array[]; shape: number[] }>();
  const labels: { values: number[]; shape: number[] } = { values: [], shape: [] };
  let bytes = 0;
  for (let index = 0; ; index++) {
    const { value, done } = await source.next();
    if (done) break;
    const element = elementOf(value, `dataset[${index}]`, inputs);
    try {
      const read = await readElement(element, batched);
      for (const [name, { data, shape }] of read.columns) {
        const part = parts.get(name) ?? { chunks: [], shape };
        if (index === 0) parts.set(name, part);
        checkSame(`dataset[${index}].xs.${name}`, shape, part.shape);
        part.chunks.push(data);
        bytes += data.byteLength;
      }
      const names = read.columns.map(([name]) => name);
      if (names.length !== parts.size || names.some((name) => !parts.has(name))) {
        const expected = `${formatValue([...parts.keys()])}, as in the first element`;
        throw new DatasetError(`dataset[${index}].xs: got ${formatValue(names)}; expected ${expected}.`);
      }
      if (index === 0) labels.shape = [0, ...read.labels.shape.slice(1)];
      checkSame(`dataset[${index}].ys`, read.labels.shape.slice(1), labels.shape.slice(1));
      for (const label of read.labels.values) labels.values.push(label);
      labels.shape[0]! += read.labels.shape[0]!;
    } finally {
      dispose([...Object.values(element.xs), element.ys]);
    }
    if (bytes > maxBytes) {
      throw new DatasetError(
        `maxBytes: got more than ${maxBytes} bytes in ${index + 1} elements; expected at most that. If the data set repeats, pass it ` +
          'before repeat(); read a part with take(n), or set maxBytes higher.',
      );
    }
  }
  if (parts.size === 0) throw new DatasetError('dataset: got no elements; expected at least one.');
  const columns = Object.fromEntries([...parts].map(([name, part]) => [name, joined(part)]));
  return describedArrays(columns, classNumbers(labels, options.classes), options);
}

const keys = /* @__PURE__ */ [
  ...descriptionKeys,
  ...optionKeys<Omit<TfDataOptions, keyof SampleDescription>>({
    inputs: true,
    batched: true,
    maxBytes: true,
  }),
];

/** An element as tensors. */
interface Element {
  name: string;
  xs: { [modality: string]: Tensor };
  ys: Tensor;
}

/** @throws {DatasetError} when the value is not `{ xs, ys }`, or there is no name for each of several tensors */
function elementOf(value: unknown, name: string, inputs: readonly string[] | undefined): Element {
  const given = value as { xs?: unknown; ys?: unknown } | null;
  const isElement = typeof given === 'object' && given?.xs !== undefined && given.ys !== undefined;
  checkOption(name, value, isElement, '{ xs, ys }, as fitDataset takes it');
  const { xs, ys } = given!;
  const asTensor = (one: unknown) => (isTensor(one) ? one : tensor(one as TensorLike));
  const isList = Array.isArray(xs) && xs.some(isTensor);
  if (!isList && !isTensor(xs) && !Array.isArray(xs) && !ArrayBuffer.isView(xs) && typeof xs === 'object') {
    checkOption('inputs', inputs, inputs === undefined, 'nothing, as xs has names already');
    const named = Object.entries(xs as object).map(([modality, one]) => [modality, asTensor(one)] as const);
    return { name, xs: Object.fromEntries(named), ys: asTensor(ys) };
  }
  const list = isList ? (xs as unknown[]) : [xs];
  const names = inputs ?? (list.length === 1 ? ['x'] : []);
  const expected = `a different name for each of the ${list.length} tensors in xs`;
  const fits = names.length === list.length && new Set(names).size === names.length;
  checkOption('inputs', inputs, fits, expected);
  return {
    name,
    xs: Object.fromEntries(names.map((each, i) => [each, asTensor(list[i])])),
    ys: asTensor(ys),
  };
}

/** The values of an element, with the samples along the first axis. */
async function readElement({ name, xs, ys }: Element, batched: boolean) {
  const hasRows = !batched || ys.rank > 0;
  checkOption(`${name}.ys`, ys, hasRows, 'labels of a batch. Set batched to false for single samples');
  const size = batched ? ys.shape[0]! : 1;
  const columns: [string, Column][] = [];
  for (const [modality, x] of Object.entries(xs)) {
    const expected = `${size} samples along the first axis, as many as labels. Set batched to false for single samples`;
    checkOption(`${name}.xs.${modality}`, x, !batched || x.shape[0] === size, expected);
    const data = Float32Array.from(await x.data());
    columns.push([modality, { data, shape: x.shape.slice(batched ? 1 : 0) }]);
  }
  const values = Array.from(await ys.data()) as number[];
  return { columns, labels: { values, shape: batched ? ys.shape : [1, ...ys.shape] } };
}

function checkSame(name: string, shape: readonly number[], first: readonly number[]): void {
  if (`${shape}` === `${first}`) return;
  throw new DatasetError(
    `${name}: got samples of shape ${formatValue([...shape])}; expected ${formatValue([...first])}, as in the first element.`,
  );
}

function joined({ chunks, shape }: { chunks: Float32Array[]; shape: number[] }): Column {
  const data = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    data.set(chunk, at);
    at += chunk.length;
  }
  return { data, shape };
}
