import type * as tf from '@tensorflow/tfjs-core';
import { AttackOptionsError, shown } from '../errors.js';
import { attackedModalities, type Budget, isJointBall, type ThreatModel } from './threatModel.js';
import { scaledThreatModel } from './scaledThreatModel.js';

/** A threat model of which some budgets are scaled and others stay. */
export interface PartialScale {
  /** What is left at scale 0: the budgets that stay; absent: none do. */
  readonly fixedBudgets?: ThreatModel;
  /** The threat model at a scale; see {@link scaledThreatModel}. */
  at(scale: number | tf.Tensor1D): ThreatModel;
}

/**
 * A threat model to be scaled but for some modalities.
 * @param fixed the modalities whose budget stays
 * @throws {AttackOptionsError} when `fixed` names all modalities, one without a budget or one of a joint ball
 */
export function scaleExcept(threatModel: ThreatModel, fixed: readonly string[]): PartialScale {
  if (fixed.length === 0) return { at: (scale) => scaledThreatModel(threatModel, scale) };
  const known = attackedModalities(threatModel);
  const moving = known.filter((name) => !fixed.includes(name));
  const given = `fixed is ${shown([...fixed])}`;
  if (isJointBall(threatModel)) {
    throw new AttackOptionsError(
      `${given} and the threat model a joint ball, whose modalities share one epsilon; give each a budget of its own.`,
    );
  }
  if (!fixed.every((name) => known.includes(name)) || moving.length === 0) {
    throw new AttackOptionsError(
      `${given}; expected some, not all, of the modalities with a budget: ${known.map(shown).join(', ')}.`,
    );
  }
  const staying = known.filter((name) => fixed.includes(name));
  return {
    fixedBudgets: Object.fromEntries(staying.map((name): [string, Budget] => [name, threatModel[name]!])),
    at: (scale) => scaledThreatModel(threatModel, Object.fromEntries(moving.map((name) => [name, scale]))),
  };
}
