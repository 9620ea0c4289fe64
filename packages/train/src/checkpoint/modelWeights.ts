import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** One weight of a model: its variable, and a name that is the same in every process that builds the same model. */
export interface NamedWeight {
  /** Name without the numbers that tfjs adds to keep names unique within a process. */
  name: string;
  /** Its value, which the model computes with. */
  variable: tf.Variable;
}

/** All weights, trainable ones first, in the model's order. */
export function weightsOfModel(model: LayersModel): NamedWeight[] {
  return model.weights.map((weight) => ({
    name: stableName(weight.originalName),
    variable: weight.read() as tf.Variable,
  }));
}

/** The trainable weights, with their names, in the model's order. */
export function trainableWeights(model: LayersModel): NamedWeight[] {
  const weights = weightsOfModel(model);
  return trainableVariables(model).map((variable) => weights.find((weight) => weight.variable === variable)!);
}

/** The variables that training changes. */
export const trainableVariables = (model: LayersModel): tf.Variable[] =>
  model.trainableWeights.map((weight) => weight.read() as tf.Variable);

/**
 * tfjs numbers the layers without a given name through the whole process: the first dense layer of a second model is
 * `dense_Dense7`. Such numbers are removed (`dense_Dense`); given names stay as they are.
 */
export function stableName(name: string): string {
  return name
    .split('/')
    .map((part) => {
      const [, prefix, className] = /^(.*)_([A-Z][A-Za-z0-9]*?)\d+$/.exec(part) ?? [];
      const automatic =
        prefix !== undefined && prefix.replaceAll('_', '').toLowerCase() === className!.toLowerCase();
      return automatic ? `${prefix}_${className}` : part;
    })
    .join('/');
}
