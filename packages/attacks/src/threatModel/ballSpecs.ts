import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { takeBoundRows } from './bound.js';
import { isJointBall, type JointBudget, type NormName, type ThreatModel } from './threatModel.js';

/** One ball of a threat model, whether it holds one modality or several. */
export interface BallSpec {
  /** The norm that measures its perturbations. */
  norm: NormName;
  /** Its radius. */
  epsilon: number | tf.Tensor1D;
  /** The budgets of the modalities in it. */
  modalities: { readonly [modality: string]: JointBudget };
}

/** The balls of a threat model, in its order. */
export function ballSpecsOf(threatModel: ThreatModel): BallSpec[] {
  if (isJointBall(threatModel)) {
    const { norm, epsilon, modalities } = threatModel;
    return [{ norm, epsilon, modalities }];
  }
  return Object.entries(threatModel).map(([modality, budget]) => ({
    norm: budget.norm,
    epsilon: budget.epsilon,
    modalities: { [modality]: budget },
  }));
}

/** A threat model of the same balls, with each epsilon and each budget replaced by the result of a function. */
export function mapBalls(
  threatModel: ThreatModel,
  mapEpsilon: (epsilon: number | tf.Tensor1D, modality: string) => number | tf.Tensor1D,
  mapBudget: <B extends JointBudget>(budget: B, modality: string) => JointBudget,
): ThreatModel {
  if (isJointBall(threatModel)) {
    const modalities = Object.entries(threatModel.modalities).map(([name, budget]) => [
      name,
      mapBudget(budget, name),
    ]);
    return {
      ...threatModel,
      epsilon: mapEpsilon(threatModel.epsilon, ''),
      modalities: Object.fromEntries(modalities),
    };
  }
  return Object.fromEntries(
    Object.entries(threatModel).map(([name, budget]) => [
      name,
      { ...mapBudget(budget, name), norm: budget.norm, epsilon: mapEpsilon(budget.epsilon, name) },
    ]),
  );
}

/**
 * The threat model for some rows of a batch: vector epsilons, and masks, ranges and scales that have one entry per sample,
 * are reduced to these rows. {@link disposeDerived} frees the new tensors.
 * @param inputs the whole batch
 * @param rows indices of the rows, int32
 */
export function takeThreatModelRows(
  threatModel: ThreatModel,
  inputs: Modalities,
  rows: tf.Tensor1D,
): ThreatModel {
  return mapBalls(
    threatModel,
    (epsilon) => (typeof epsilon === 'number' ? epsilon : tf.gather(epsilon, rows)),
    (budget, modality) => {
      const { mask, range, scale } = budget;
      const x = inputs[modality];
      const own: JointBudget = { ...budget };
      if (mask !== undefined && typeof mask !== 'function') own.mask = takeBoundRows(mask, x, rows);
      if (range) own.range = [takeBoundRows(range[0], x, rows), takeBoundRows(range[1], x, rows)];
      if (scale !== undefined) own.scale = takeBoundRows(scale, x, rows);
      return own;
    },
  );
}

/** Frees the tensors that a threat model has, and the one from which it was derived has not. */
export function disposeDerived(derived: ThreatModel, original: ThreatModel): void {
  const kept = new Set(tensorsOf(original));
  for (const tensor of tensorsOf(derived)) if (!kept.has(tensor)) tensor.dispose();
}

function tensorsOf(threatModel: ThreatModel): tf.Tensor[] {
  return ballSpecsOf(threatModel)
    .flatMap(({ epsilon, modalities }): unknown[] => [
      epsilon,
      ...Object.values(modalities).flatMap(({ mask, range, scale }): unknown[] => [
        mask,
        scale,
        ...(range ?? []),
      ]),
    ])
    .filter((value): value is tf.Tensor => value instanceof tf.Tensor);
}
