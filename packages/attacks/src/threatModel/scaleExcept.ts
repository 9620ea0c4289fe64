import { formatValue, mismatch } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import { AttackOptionsError } from '../errors.js';
import { checkOption } from '../options.js';
import { scaledThreatModel } from './scaledThreatModel.js';
import { attackedModalities, type Budget, isJointBall, type ThreatModel } from './threatModel.js';

/** A threat model of which some budgets are scaled and others stay fixed. */
export interface PartialScale {
  /** The budgets that stay fixed, which are all there is at scale 0; absent: none does. */
  readonly fixedBudgets?: ThreatModel;
  /** The threat model at a scale; see {@link scaledThreatModel}. */
  at(scale: number | tf.Tensor1D): ThreatModel;
}

/**
 * Scales a threat model except for some modalities.
 * @param fixed the modalities whose budget stays fixed
 * @param path what `fixed` is called in messages
 * @throws {AttackOptionsError} when `fixed` names all modalities, one without a budget or one of a joint ball
 */
export function scaleExcept(
  threatModel: ThreatModel,
  fixed: readonly string[],
  path = 'fixed',
): PartialScale {
  if (fixed.length === 0) return { at: (scale) => scaledThreatModel(threatModel, scale) };
  const known = attackedModalities(threatModel);
  const scaled = known.filter((name) => !fixed.includes(name));
  if (isJointBall(threatModel)) {
    const expected = 'no modalities, since those of a joint ball share one epsilon';
    throw new AttackOptionsError(mismatch(path, fixed, expected, 'Give each modality its own budget.'));
  }
  const good = fixed.every((name) => known.includes(name)) && scaled.length > 0;
  checkOption(path, fixed, good, `some, not all, of the modalities with a budget, ${formatValue(known)}`);
  const unscaled = known.filter((name) => fixed.includes(name));
  return {
    fixedBudgets: Object.fromEntries(unscaled.map((name): [string, Budget] => [name, threatModel[name]!])),
    at: (scale) => scaledThreatModel(threatModel, Object.fromEntries(scaled.map((name) => [name, scale]))),
  };
}
