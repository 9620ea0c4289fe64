import type { Attack } from '@amr/attacks';
import { TrainOptionError } from '../errors.js';

/** Where the training stands when an attack is chosen. */
export interface AttackContext {
  /** Epoch, from 0. */
  epoch: number;
  /** Batch in the epoch, from 0. */
  batch: number;
  /** Batches since the training began. */
  step: number;
  /** Batches of the whole training. */
  steps: number;
  /** Uniform numbers in [0, 1) that depend on the trainer's seed, the epoch and the batch alone. */
  random(): number;
}

/** Chooses the attack of a batch; undefined trains that batch on clean samples. */
export type ChooseAttack = ((context: AttackContext) => Attack | undefined) & {
  /** Names the choice with its parameters; a checkpoint of a run with another label is refused. Default: 'custom'. */
  label?: string;
};

/** One attack for all batches, several that take turns, or a function that chooses for each batch. */
export type AttackChoice = Attack | readonly Attack[] | ChooseAttack;

/**
 * The attacks take turns from batch to batch.
 * @throws {TrainOptionError} for an empty list
 */
export function cycleAttacks(attacks: readonly Attack[]): ChooseAttack {
  assertSome('cycleAttacks', attacks);
  return Object.assign(({ step }: AttackContext) => attacks[step % attacks.length], {
    label: `in turn: ${attacks.map(describeAttack).join(', ')}`,
    attacks,
  });
}

/**
 * Each batch draws its attack, from the trainer's seed.
 * @param shares how often each is drawn, in relation to the others; default: all alike
 * @throws {TrainOptionError} for an empty list, or shares that don't match it or don't add up to more than 0
 */
export function sampleAttacks(
  attacks: readonly Attack[],
  shares: readonly number[] = attacks.map(() => 1),
): ChooseAttack {
  assertSome('sampleAttacks', attacks);
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (shares.length !== attacks.length || !shares.every((share) => share >= 0) || !(total > 0)) {
    throw new TrainOptionError(
      `sampleAttacks: expected ${attacks.length} shares of 0 or more, not all 0, one for each attack; got [${shares}]`,
    );
  }
  const choose = ({ random }: AttackContext) => {
    const draw = random() * total;
    let below = 0;
    const drawn = shares.findIndex((share) => {
      below += share;
      return draw < below;
    });
    // Rounding may leave a draw at the very end with no share: it belongs to the last one that has any.
    return attacks[drawn >= 0 ? drawn : shares.findLastIndex((share) => share > 0)];
  };
  return Object.assign(choose, {
    label: `at random: ${attacks.map((attack, i) => `${shares[i]} ${describeAttack(attack)}`).join(', ')}`,
    attacks,
  });
}

/** A function out of whatever form the choice was given in. */
export function chooserOf(choice: AttackChoice): ChooseAttack & { attacks?: readonly Attack[] } {
  if (typeof choice === 'function') return choice;
  if (Array.isArray(choice)) return cycleAttacks(choice as readonly Attack[]);
  const attack = choice as Attack;
  return Object.assign(() => attack, { label: describeAttack(attack), attacks: [attack] });
}

/** An attack's name and threat model as text, the same for equal ones. */
export function describeAttack(attack: Attack): string {
  return `${attack.name} ${JSON.stringify(attack.threatModel, (_key, value) => {
    if (typeof value === 'function') return 'function';
    if (value && typeof value === 'object' && 'dataId' in value) return `tensor[${value.shape}]`;
    return value;
  })}`;
}

function assertSome(name: string, attacks: readonly Attack[]): void {
  if (attacks.length === 0)
    throw new TrainOptionError(`${name}: expected one attack or more, got an empty list`);
}
