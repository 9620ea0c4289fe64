import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { AttackOptionsError, shown } from '../../errors.js';
import type { PerturbOptions } from '../../search/attack.js';
import type { Standings } from '../../search/batchAttack.js';
import { fingerprintOf, fingerprintOfThreatModel } from '../../threatModel/fingerprint.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import type { AutoAttackProgress, MemberOutcome } from './autoAttackProgress.js';

/** What a run has found out, beside the points. */
export interface Ledger {
  /** For each row the attack that fooled it, if one has. */
  fooledBy: (string | undefined)[];
  /** The attacks that are done. */
  members: MemberOutcome[];
}

/**
 * What a run is of, as far as it can be told. The classifier is known by which of the clean rows it gets wrong: its logits
 * may differ in the last place from one machine, or one number of threads, to the next.
 */
export async function factsOf(
  members: readonly string[],
  threatModel: ThreatModel,
  inputs: Modalities,
  labels: tf.Tensor1D,
  wrongAtFirst: readonly boolean[],
  { targets, rows, seed }: PerturbOptions,
): Promise<{ [fact: string]: string }> {
  const facts: { [fact: string]: string } = {
    members: members.join(', '),
    seed: `${seed}`,
    'the threat model': await fingerprintOfThreatModel(threatModel),
    'the labels': await fingerprintOf(labels),
    'the targets': targets ? await fingerprintOf(targets) : 'none',
    'the rows': rows?.join(' ') ?? 'from 0',
  };
  for (const [modality, x] of Object.entries(inputs)) {
    facts[`the input ${shown(modality)}`] = `${x.dtype} ${shown(x.shape)} ${await fingerprintOf(x)}`;
  }
  return { ...facts, 'what the classifier gets wrong': wrongAtFirst.map(Number).join('') };
}

/** The state of a run, as it is saved. */
export async function snapshot(
  facts: AutoAttackProgress['facts'],
  seed: number,
  standings: Standings,
  { fooledBy, members }: Ledger,
): Promise<AutoAttackProgress> {
  const points = standings.points;
  const adversarial: { [modality: string]: Float32Array } = {};
  for (const [name, point] of Object.entries(points)) {
    adversarial[name] = (await point.data()).slice() as Float32Array;
  }
  return {
    facts,
    seed,
    members: [...members],
    fooledBy: fooledBy.map((name) => name ?? null),
    margins: Float32Array.from(standings.margin),
    adversarial,
  };
}

/**
 * Goes on from a saved state.
 * @throws {AttackOptionsError} that names the first fact that differs, when it is of another run
 */
export function restore(
  saved: AutoAttackProgress,
  facts: AutoAttackProgress['facts'],
  standings: Standings,
  ledger: Ledger,
): void {
  const names = new Set([...Object.keys(facts), ...Object.keys(saved.facts)]);
  const other = [...names].find((name) => facts[name] !== saved.facts[name]);
  if (other !== undefined) {
    throw new AttackOptionsError(
      `The progress is that of another run: for ${other} it has ${shown(saved.facts[other])}, this run ${shown(facts[other])}. Give each batch a store of its own; to begin anew, empty the store.`,
    );
  }
  const { rows, points } = standings;
  const whole =
    saved.fooledBy.length === rows.length &&
    saved.margins.length === rows.length &&
    Object.entries(points).every(([name, point]) => saved.adversarial[name]?.length === point.size);
  if (!whole) {
    throw new AttackOptionsError(
      'The progress is damaged: it does not have one entry for each sample, and for each value of what is attacked. Empty the store to begin anew.',
    );
  }
  const adversarial = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(points).map(([name, point]) => [name, tf.tensor(saved.adversarial[name]!, point.shape)]),
    ),
  );
  try {
    const fooled = saved.fooledBy.map((name) => name !== null);
    standings.hold({ rows, adversarial, fooled, margin: [...saved.margins] }, () => true);
  } finally {
    tf.dispose(adversarial);
  }
  ledger.fooledBy = saved.fooledBy.map((name) => name ?? undefined);
  ledger.members = [...saved.members];
}
