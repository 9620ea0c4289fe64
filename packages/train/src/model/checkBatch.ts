import type { Batch, Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { TrainDataError, TrainOptionError } from '../errors.js';
import type { ModelPorts } from './modelOutputs.js';

/**
 * Compares what a data set announces with what a model takes, before any batch is made.
 * @throws {TrainOptionError} for an empty set, a missing modality, a shape or a number of classes that doesn't fit
 */
export function checkDataset(dataset: Dataset, role: string, ports?: ModelPorts): void {
  if (!(dataset.size > 0)) throw new TrainOptionError(`${role}: the data set is empty`);
  if (dataset.ids.length !== dataset.size) {
    throw new TrainOptionError(`${role}: ${dataset.ids.length} ids for ${dataset.size} samples`);
  }
  if (!ports) return;
  for (const [i, name] of ports.inputs.entries()) {
    const modality = dataset.modalities[name];
    if (!modality) {
      throw new TrainOptionError(
        `${role}: the model has an input '${name}', the data set has [${Object.keys(dataset.modalities).join(', ')}]`,
      );
    }
    const expected = ports.shapes[i]!;
    const fits =
      modality.shape.length === expected.length &&
      expected.every((size, axis) => size === null || size === modality.shape[axis]);
    if (!fits) {
      throw new TrainOptionError(
        `${role}: samples of '${name}' have shape [${modality.shape}] (rank ${modality.shape.length}), the model ` +
          `takes [${expected.map((size) => size ?? 'any')}] (rank ${expected.length})`,
      );
    }
  }
  if (dataset.classes.length !== ports.classes) {
    throw new TrainOptionError(
      `${role}: the data set has ${dataset.classes.length} classes, the model's logits ${ports.classes}`,
    );
  }
}

/**
 * Looks at a batch's values: shapes as announced, labels in range, no NaN or infinity. One read-back.
 * @returns the labels
 * @throws {TrainDataError} with the sample or modality that is at fault
 */
export async function checkBatch(
  batch: Batch,
  dataset: Dataset,
  modalities: readonly string[],
): Promise<Int32Array> {
  const size = batch.ids.length;
  if (batch.labels.rank !== 1 || batch.labels.shape[0] !== size || size === 0) {
    throw new TrainDataError(`a batch has ${size} ids and labels of shape [${batch.labels.shape}]`);
  }
  for (const name of modalities) {
    const tensor = batch.inputs[name];
    const expected = [size, ...dataset.modalities[name]!.shape];
    if (!tensor || `${tensor.shape}` !== `${expected}`) {
      throw new TrainDataError(
        `batch of ${batch.ids[0]}: '${name}' has shape ${tensor ? `[${tensor.shape}]` : 'none'}, expected [${expected}]`,
      );
    }
  }
  // x - x is 0 for every number and NaN for NaN and infinities: one sum, one read-back for all modalities.
  const finite = tf.tidy(() =>
    tf.stack(modalities.map((name) => tf.sum(tf.sub(batch.inputs[name]!, batch.inputs[name]!)))),
  );
  const [sums, labels] = await Promise.all([finite.data(), batch.labels.data()]).finally(() =>
    finite.dispose(),
  );
  for (const [i, name] of modalities.entries()) {
    if (sums[i] !== 0) {
      throw new TrainDataError(
        `'${name}' holds NaN or infinite values in the batch of samples ${batch.ids.slice(0, 3).join(', ')}` +
          `${size > 3 ? ', ...' : ''}; expected finite numbers`,
      );
    }
  }
  for (const [i, label] of labels.entries()) {
    if (!(Number.isInteger(label) && label >= 0 && label < dataset.classes.length)) {
      throw new TrainDataError(
        `sample ${batch.ids[i]} has label ${label}; expected an integer in [0, ${dataset.classes.length})`,
      );
    }
  }
  return labels as Int32Array;
}

/** Disposes of all of a batch's tensors. */
export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.labels, ...Object.values(batch.inputs)]);
}
