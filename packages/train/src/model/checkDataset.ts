import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import type { ModelPorts } from './modelOutputs.js';

/**
 * Compares the shapes and classes that a data set states with those that a model takes, before any batch is made.
 * @param role name of the data set in messages, as in `trainSet`
 * @throws {TrainOptionError} for an empty set, a missing modality, a shape or a number of classes that doesn't fit
 */
export function checkDataset(dataset: Dataset, role: string, ports?: ModelPorts): void {
  const { size, ids, classes, modalities } = dataset;
  if (!(size > 0)) throw new TrainOptionError(`${role}: got ${size} samples; expected one or more.`);
  if (ids.length !== size) {
    throw new TrainOptionError(`${role}.ids: got ${ids.length}; expected ${size}, one for each sample.`);
  }
  if (!ports) return;
  for (const [i, name] of ports.inputs.entries()) {
    const modality = modalities[name];
    if (!modality) {
      throw new TrainOptionError(
        `${role}.modalities: got [${Object.keys(modalities).join(', ')}]; expected '${name}', an input of the model.`,
      );
    }
    const expected = ports.shapes[i]!;
    const fits =
      modality.shape.length === expected.length &&
      expected.every((size, axis) => size === null || size === modality.shape[axis]);
    if (!fits) {
      throw new TrainOptionError(
        `${role}.modalities.${name}.shape: got [${modality.shape.join(', ')}] (rank ${modality.shape.length}); expected ` +
          `[${expected.map((size) => size ?? 'any').join(', ')}] (rank ${expected.length}), the shape of the model's input.`,
      );
    }
  }
  if (classes.length !== ports.classes) {
    throw new TrainOptionError(
      `${role}.classes: got ${classes.length}; expected ${ports.classes}, the width of the model's logits.`,
    );
  }
}
