import { amrLoss, crossEntropy } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { TrainOptionError } from '../errors.js';
import { auxiliaryNames, type ModelOutputs, type ModelPorts } from '../model/modelOutputs.js';
import { checkFraction, checkNotNegative, checkOption, rejectUnknownOptions } from '../options.js';

/** The loss of a training step: a scalar, differentiable, a mean over the batch. `labels`: int32, [batch]. */
export type Objective = ((outputs: ModelOutputs, labels: tf.Tensor1D) => tf.Scalar) & {
  /** Names the objective with its parameters; a checkpoint of a run with another label is refused. Default: 'custom'. */
  label?: string;
  /** Whether the model must have auxiliary heads. Default: false. */
  needsAuxiliary?: boolean;
};

/** Options of {@link crossEntropyObjective}. */
export interface CrossEntropyObjectiveOptions {
  /** Part of the target, in [0, 1), that is spread evenly over all classes. Default: 0. */
  labelSmoothing?: number;
}

/** Options of {@link amrObjective}. */
export interface AmrObjectiveOptions extends CrossEntropyObjectiveOptions {
  /** Weight of the auxiliary heads' losses, >= 0. Default: 1. */
  lambda?: number;
}

/**
 * Mean cross-entropy of the fused prediction. It doesn't train auxiliary heads.
 * @throws {TrainOptionError} when an option is unknown or not valid
 */
export function crossEntropyObjective(options: CrossEntropyObjectiveOptions = {}): Objective {
  rejectUnknownOptions('crossEntropyObjective', options, [
    'labelSmoothing',
  ] satisfies (keyof CrossEntropyObjectiveOptions)[]);
  const labelSmoothing = checkSmoothing('crossEntropyObjective', options);
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
 * reconstruction. Any model with auxiliary heads can be trained with it, so that a comparison of fusion layers can
 * give all of them the same deep supervision.
 * @throws {TrainOptionError} when an option is unknown or not valid
 */
export function amrObjective(options: AmrObjectiveOptions = {}): Objective {
  rejectUnknownOptions('amrObjective', options, [
    'labelSmoothing',
    'lambda',
  ] satisfies (keyof AmrObjectiveOptions)[]);
  const labelSmoothing = checkSmoothing('amrObjective', options);
  const { lambda = 1 } = options;
  checkNotNegative('amrObjective.lambda', lambda);
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

/**
 * The objective of an option.
 * @throws {TrainOptionError} for an unknown name, and for an objective that needs auxiliary heads the model doesn't have
 */
export function objectiveOf(objective: 'cross-entropy' | 'amr' | Objective, ports: ModelPorts): Objective {
  const found =
    objective === 'cross-entropy'
      ? crossEntropyObjective()
      : objective === 'amr'
        ? amrObjective()
        : objective;
  const expected = "'cross-entropy', 'amr' or a function";
  checkOption('AdversarialTrainer.objective', found, typeof found === 'function', expected);
  if (found.needsAuxiliary && ports.auxiliary.length === 0) {
    throw new TrainOptionError(
      `model: got the outputs [${ports.outputs.join(', ')}]; expected auxiliary heads, named '<modality>Logits', which the ` +
        "AMR loss needs. Say which outputs they are with the trainer's option 'auxiliary', add such outputs, or use another " +
        'objective.',
    );
  }
  return found;
}

function checkSmoothing(path: string, { labelSmoothing = 0 }: CrossEntropyObjectiveOptions): number {
  checkFraction(`${path}.labelSmoothing`, labelSmoothing);
  return labelSmoothing;
}
