import type { Batch, Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { TrainDataError } from '../errors.js';

/**
 * Checks a batch's tensors: shapes as the data set states them, labels in range, no NaN or infinity. Costs one read-back.
 * @returns the labels
 * @throws {TrainDataError} that names the sample or modality at fault
 */
export async function checkBatch(
  batch: Batch,
  dataset: Dataset,
  modalities: readonly string[],
): Promise<Int32Array> {
  const size = batch.ids.length;
  if (batch.labels.rank !== 1 || batch.labels.shape[0] !== size || size === 0) {
    throw new TrainDataError(
      `batch.labels: got shape [${batch.labels.shape.join(', ')}] and ${size} ids; expected one label and one id for each ` +
        'sample.',
    );
  }
  for (const name of modalities) {
    const tensor = batch.inputs[name];
    const expected = [size, ...dataset.modalities[name]!.shape];
    if (!tensor || `${tensor.shape}` !== `${expected}`) {
      const got = tensor ? `shape [${tensor.shape.join(', ')}]` : 'no tensor';
      throw new TrainDataError(
        `batch.inputs.${name}: got ${got} for sample ${batch.ids[0]} and those after it; expected ` +
          `[${expected.join(', ')}], the shape that the data set states.`,
      );
    }
  }
  // x - x is 0 for every number and NaN for NaN and infinities: one sum, one read-back for all modalities.
  const finite = tf.tidy(() =>
    tf.stack(
      modalities.map((name) => {
        // Indices of words and other integers as well.
        const x = tf.cast(batch.inputs[name]!, 'float32');
        return tf.sum(tf.sub(x, x));
      }),
    ),
  );
  const [sums, labels] = await Promise.all([finite.data(), batch.labels.data()]).finally(() =>
    finite.dispose(),
  );
  for (const [i, name] of modalities.entries()) {
    if (sums[i] !== 0) {
      const ids = `${batch.ids.slice(0, 3).join(', ')}${size > 3 ? ', ...' : ''}`;
      throw new TrainDataError(
        `batch.inputs.${name}: got NaN or infinite values in the batch of samples ${ids}; expected finite numbers.`,
      );
    }
  }
  for (const [i, label] of labels.entries()) {
    if (!(Number.isInteger(label) && label >= 0 && label < dataset.classes.length)) {
      throw new TrainDataError(
        `batch.labels: got ${label} for sample ${batch.ids[i]}; expected a whole number in ` +
          `[0, ${dataset.classes.length}).`,
      );
    }
  }
  return labels as Int32Array;
}

/** Disposes of all of a batch's tensors. */
export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.labels, ...Object.values(batch.inputs)]);
}
