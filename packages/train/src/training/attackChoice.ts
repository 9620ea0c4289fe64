import { type Attack, attackedModalities } from '@amr/attacks';
import { TrainOptionError } from '../errors.js';
import type { ModelPorts } from '../model/modelOutputs.js';
import { checkOption } from '../options.js';

/** How far the training is when an attack is chosen. */
export interface AttackContext {
  /** Epoch, from 0. */
  epoch: number;
  /** Batch in the epoch, from 0. */
  batch: number;
  /** Batches since the training began. */
  step: number;
  /** Batches of the whole training. */
  steps: number;
  /** Uniform numbers in [0, 1) that depend only on the trainer's seed, the epoch and the batch. */
  random(): number;
}

/** Chooses the attack of a batch; undefined trains that batch on clean samples. */
export type ChooseAttack = ((context: AttackContext) => Attack | undefined) & {
  /** Names the choice with its parameters; a checkpoint of a run with another label is refused. Default: 'custom'. */
  label?: string;
};

/** One attack for all batches, several in turn as {@link cycleAttacks} gives them, or a function that chooses for each batch. */
export type AttackChoice = Attack | readonly Attack[] | ChooseAttack;

/**
 * Uses the attacks in turn, one for each batch.
 * @throws {TrainOptionError} for an empty list
 */
export function cycleAttacks(attacks: readonly Attack[]): ChooseAttack {
  checkAttacks('cycleAttacks', attacks);
  return Object.assign(({ step }: AttackContext) => attacks[step % attacks.length], {
    // Checkpoints hold the labels: they must not change.
    label: `in turn: ${attacks.map(describeAttack).join(', ')}`,
    attacks,
  });
}

/**
 * Samples the attack of each batch, with random numbers from the trainer's seed.
 * @param weights relative probability of each attack; default: all alike
 * @throws {TrainOptionError} for an empty list, or weights that don't match it, are negative, or are all 0
 */
export function sampleAttacks(
  attacks: readonly Attack[],
  weights: readonly number[] = attacks.map(() => 1),
): ChooseAttack {
  checkAttacks('sampleAttacks', attacks);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const valid = weights.length === attacks.length && weights.every((weight) => weight >= 0) && total > 0;
  const expected = `${attacks.length} numbers of 0 or more, not all 0, one for each attack`;
  checkOption('sampleAttacks.weights', weights, valid, expected);
  const choose = ({ random }: AttackContext) => {
    const point = random() * total;
    let sum = 0;
    const index = weights.findIndex((weight) => {
      sum += weight;
      return point < sum;
    });
    // Rounding may leave a point at the very end above all sums: it belongs to the last attack whose weight isn't 0.
    return attacks[index >= 0 ? index : weights.findLastIndex((weight) => weight > 0)];
  };
  return Object.assign(choose, {
    label: `at random: ${attacks.map((attack, i) => `${weights[i]} ${describeAttack(attack)}`).join(', ')}`,
    attacks,
  });
}

/** The function for any form of the option. */
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

/** @throws {TrainOptionError} when an attack has a budget for a modality that the model doesn't take */
export function checkModalities(path: string, attack: Attack, { inputs }: ModelPorts): void {
  const unknown = attackedModalities(attack.threatModel).filter((name) => !inputs.includes(name));
  if (unknown.length > 0) {
    throw new TrainOptionError(
      `${path}: got a budget for '${unknown.join("', '")}' in '${attack.name}'; expected the model's inputs ` +
        `[${inputs.join(', ')}].`,
    );
  }
}

function checkAttacks(path: string, attacks: readonly Attack[]): void {
  if (attacks.length === 0) {
    throw new TrainOptionError(`${path}.attacks: got none; expected one or more.`);
  }
}
