import type { LossFunction } from '../../losses/attackLoss.js';
import type { Attack } from '../../search/attack.js';
import { ballSpecsOf } from '../../threatModel/ballSpecs.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { apgd } from '../apgd/apgd.js';
import { fab } from '../fab.js';
import { square } from '../square/square.js';

/** A set of attacks of {@link autoAttack}. */
export type AutoAttackVersion = 'standard' | 'plus' | 'rand';

/**
 * Makes an attack of an ensemble for the threat model of some rows, whose vectors have one entry for each of them.
 * @param info what is known about the classifier
 */
export type AutoAttackMember = (threatModel: ThreatModel, info: AutoAttackClassifierInfo) => Attack;

/** What an {@link AutoAttackMember} knows about the classifier. */
export interface AutoAttackClassifierInfo {
  /** Number of logits. */
  readonly classes: number;
}

/** Number of classifier calls that the version 'rand' averages over. */
export const RAND_SAMPLES = 20;

/**
 * The attacks of a version by name, in their order, with the numbers of the AutoAttack repository.
 * @param loss takes the place of the version's losses; the attacks that need classes are left out
 */
export function membersOf(
  version: AutoAttackVersion,
  threatModel: ThreatModel,
  loss?: LossFunction,
): { [name: string]: AutoAttackMember } {
  const inL1 = ballSpecsOf(threatModel).some(({ norm }) => norm === 'l1');
  if (loss) return membersOn(loss, version, inL1);
  const ce = (options: { restarts?: number; eotSamples?: number }): AutoAttackMember => {
    return (own) => apgd(own, options);
  };
  const dlr = (options: {
    restarts?: number;
    eotSamples?: number;
    targetClasses?: number;
  }): AutoAttackMember => {
    return (own, { classes }) => apgd(own, { ...options, loss: dlrOrMargin(classes) });
  };
  const fabT: AutoAttackMember = (own) => fab(own);
  const squares: AutoAttackMember = (own) => square(own);
  switch (version) {
    case 'standard':
      return {
        'apgd-ce': ce({ restarts: inL1 ? 5 : 1 }),
        'apgd-t': dlr({ targetClasses: inL1 ? 5 : 9 }),
        'fab-t': fabT,
        square: squares,
      };
    case 'plus':
      return {
        'apgd-ce': ce({ restarts: 5 }),
        'apgd-dlr': dlr({ restarts: 5 }),
        fab: (own) => fab(own, { targeted: false, restarts: 5 }),
        square: squares,
        'apgd-t': dlr({ targetClasses: 9 }),
        'fab-t': fabT,
      };
    case 'rand':
      return { 'apgd-ce': ce({ eotSamples: RAND_SAMPLES }), 'apgd-dlr': dlr({ eotSamples: RAND_SAMPLES }) };
  }
}

/** The attacks of a version that can work on a loss of the caller. */
function membersOn(
  loss: LossFunction,
  version: AutoAttackVersion,
  inL1: boolean,
): { [name: string]: AutoAttackMember } {
  if (version === 'rand') return { apgd: (own) => apgd(own, { loss, eotSamples: RAND_SAMPLES }) };
  const restarts = version === 'plus' || inL1 ? 5 : 1;
  return {
    apgd: (own) => apgd(own, { loss, restarts }),
    fab: (own) => fab(own, { loss, restarts: version === 'plus' ? 5 : 1 }),
    square: (own) => square(own, { loss }),
  };
}

/** The difference of logits ratio, or the margin where there are too few classes for it. */
function dlrOrMargin(classes: number): 'dlr' | 'cw' {
  return classes > 3 ? 'dlr' : 'cw';
}
