import * as tf from '@tensorflow/tfjs-core';
import { TrainOptionError } from '../errors.js';

/** A tensor that an optimizer keeps for each weight. */
interface Slot {
  originalName: string;
  variable: tf.Variable;
}

/** Fields that tfjs's types don't have, but its optimizers do, since 2018 and unchanged in 4.22. */
interface OptimizerInternals {
  learningRate: number;
  setLearningRate?(rate: number): void;
  iterations_?: number;
  getClassName(): string;
  [field: string]: unknown;
}

/**
 * The state of each optimizer of tfjs: lists of a tensor for each weight, and scalars. It is read and written here,
 * not through getWeights and setWeights: Adam's setWeights recomputes the powers of beta with pow(), which is not what
 * repeated multiplication gave, and Adamax has neither.
 */
const STATE: { readonly [className: string]: { slots: string[]; scalars: string[] } } = {
  SGD: { slots: [], scalars: [] },
  Momentum: { slots: ['accumulations'], scalars: [] },
  Adam: { slots: ['accumulatedFirstMoment', 'accumulatedSecondMoment'], scalars: ['accBeta1', 'accBeta2'] },
  Adamax: {
    slots: ['accumulatedFirstMoment', 'accumulatedWeightedInfNorm'],
    scalars: ['accBeta1', 'iteration'],
  },
  RMSProp: { slots: ['accumulatedMeanSquares', 'accumulatedMoments', 'accumulatedMeanGrads'], scalars: [] },
  Adagrad: { slots: ['accumulatedGrads'], scalars: [] },
  Adadelta: { slots: ['accumulatedGrads', 'accumulatedUpdates'], scalars: [] },
};

const internalsOf = (optimizer: tf.Optimizer) => optimizer as unknown as OptimizerInternals;

/** Class of the optimizer, e.g. 'Adam'. */
export const optimizerName = (optimizer: tf.Optimizer): string => internalsOf(optimizer).getClassName();

/**
 * @throws {TrainOptionError} when the optimizer is not one of tfjs's, so that its state can't be saved
 */
export function assertStateIsKnown(optimizer: tf.Optimizer): void {
  const name = optimizerName(optimizer);
  if (!Object.hasOwn(STATE, name)) {
    throw new TrainOptionError(
      `optimizer: got '${name}', whose state can't be saved in a checkpoint; expected one of ` +
        `${Object.keys(STATE).join(', ')}. Use one of those, or no checkpoint.`,
    );
  }
}

/** The optimizer's current learning rate. */
export const learningRateOf = (optimizer: tf.Optimizer): number => internalsOf(optimizer).learningRate;

/** Changes the learning rate from the next step on. */
export function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  const internals = internalsOf(optimizer);
  // SGD and Momentum also hold the rate in a tensor.
  if (internals.setLearningRate) internals.setLearningRate(rate);
  else internals.learningRate = rate;
}

/** State of an optimizer: its tensors by name (not copies), and its step count. */
export interface OptimizerState {
  /** `<field>/<number of the weight>` for tensors that belong to a weight, `<field>` for scalars. */
  tensors: Map<string, tf.Tensor>;
  /** Steps taken. */
  iterations: number;
}

/** The optimizer's tensors as they are now. The optimizer still owns them. */
export function optimizerState(optimizer: tf.Optimizer): OptimizerState {
  const internals = internalsOf(optimizer);
  const { slots, scalars } = STATE[optimizerName(optimizer)]!;
  const tensors = new Map<string, tf.Tensor>();
  for (const field of slots) {
    for (const [i, slot] of (internals[field] as (Slot | undefined)[]).entries()) {
      if (slot) tensors.set(`${field}/${i}`, slot.variable);
    }
  }
  for (const field of scalars) tensors.set(field, internals[field] as tf.Tensor);
  return { tensors, iterations: internals.iterations_ ?? 0 };
}

/** Names and shapes that a state of this optimizer may have, for these weights. */
export function expectedState(
  optimizer: tf.Optimizer,
  variables: readonly tf.Variable[],
): Map<string, number[]> {
  const { slots, scalars } = STATE[optimizerName(optimizer)]!;
  const shapes = new Map<string, number[]>();
  for (const field of slots)
    for (const [i, { shape }] of variables.entries()) shapes.set(`${field}/${i}`, shape);
  for (const field of scalars) shapes.set(field, []);
  return shapes;
}

/** Makes the optimizer's state equal to `state`, bit for bit, and disposes of the old one. */
export function restoreOptimizer(optimizer: tf.Optimizer, state: OptimizerState): void {
  const internals = internalsOf(optimizer);
  const { slots, scalars } = STATE[optimizerName(optimizer)]!;
  for (const field of slots) {
    for (const slot of internals[field] as (Slot | undefined)[]) slot?.variable.dispose();
    const list: Slot[] = [];
    for (const [name, tensor] of state.tensors) {
      const [owner, index] = name.split('/');
      if (owner !== field || index === undefined) continue;
      list[Number(index)] = { originalName: name, variable: tf.variable(tensor, false) };
    }
    internals[field] = list;
  }
  for (const field of scalars) (internals[field] as tf.Variable).assign(state.tensors.get(field)!);
  internals.iterations_ = state.iterations;
}
