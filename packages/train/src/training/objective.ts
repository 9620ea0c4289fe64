import { amrLoss, crossEntropy } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { TrainOptionError } from '../errors.js';

/**
 * A model's outputs by name: `logits` is the fused prediction, `<modality>Logits` are the auxiliary heads'
 * ([batch, classes] each); anything else the model returns is there under its own name.
 */
export type ModelOutputs = { [name: string]: tf.Tensor };

/** The loss of a training step: a scalar, differentiable, a mean over the batch. `labels`: int32, [batch]. */
export type Objective = ((outputs: ModelOutputs, labels: tf.Tensor1D) => tf.Scalar) & {
  /** Names the objective with its parameters; a checkpoint of a run with another label is refused. Default: 'custom'. */
  label?: string;
  /** The model must have auxiliary heads. Default: false. */
  needsAuxiliary?: boolean;
};

/** Options of {@link crossEntropyObjective}. */
export interface CrossEntropyObjectiveOptions {
  /** Share of the target, in [0, 1), that is spread evenly over all classes. Default: 0. */
  labelSmoothing?: number;
}

/** Options of {@link amrObjective}. */
export interface AmrObjectiveOptions extends CrossEntropyObjectiveOptions {
  /** Weight of the auxiliary heads' losses, >= 0. Default: 1. */
  lambda?: number;
}

/** Mean cross-entropy of the fused prediction; auxiliary heads aren't trained by it. */
export function crossEntropyObjective(options: CrossEntropyObjectiveOptions = {}): Objective {
  const labelSmoothing = smoothingIn(options);
  return Object.assign(
    (outputs: ModelOutputs, labels: tf.Tensor1D) =>
      tf.tidy(() =>
        tf.mean(crossEntropy(outputs['logits'] as tf.Tensor2D, labels, { labelSmoothing })),
      ) as tf.Scalar,
    { label: `cross-entropy(${labelSmoothing})` },
  );
}

/**
 * The AMR loss, CE(logits, y) + lambda * sum over m of CE(<m>Logits, y), as `amrLoss` of `@amr/layers` defines it: a
 * reconstruction. Any model with auxiliary heads can be trained with it, so that a comparison of fusion layers may
 * give all of them the same deep supervision.
 */
export function amrObjective(options: AmrObjectiveOptions = {}): Objective {
  const labelSmoothing = smoothingIn(options);
  const { lambda = 1 } = options;
  if (!(Number.isFinite(lambda) && lambda >= 0)) {
    throw new TrainOptionError(`amrObjective: lambda is a number of 0 or more, got ${lambda}`);
  }
  return Object.assign(
    (outputs: ModelOutputs, labels: tf.Tensor1D) =>
      amrLoss({
        logits: outputs['logits'] as tf.Tensor2D,
        auxiliary: auxiliaryNames(Object.keys(outputs)).map((name) => outputs[name] as tf.Tensor2D),
        labels,
        lambda,
        labelSmoothing,
      }),
    { label: `amr(${lambda},${labelSmoothing})`, needsAuxiliary: lambda > 0 },
  );
}

/** Those of a model's outputs that are auxiliary heads: `<modality>Logits`. */
export const auxiliaryNames = (outputNames: readonly string[]): string[] =>
  outputNames.filter((name) => name.endsWith('Logits'));

function smoothingIn({ labelSmoothing = 0 }: CrossEntropyObjectiveOptions): number {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new TrainOptionError(`labelSmoothing is a share in [0, 1), got ${labelSmoothing}`);
  }
  return labelSmoothing;
}
