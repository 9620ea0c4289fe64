import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { AttackOptionsError, shown } from '../../errors.js';
import type { PerturbOptions } from '../../search/attack.js';
import type { BatchAttack } from '../../search/batchAttack.js';
import { fingerprintOf, fingerprintOfThreatModel } from '../../threatModel/fingerprint.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import type { AutoAttackCheckpoint, MemberOutcome } from './autoAttackCheckpoint.js';

/** What a run has found out, beside the points. */
export interface RunLog {
  /** For each row the attack that fooled it, if one has. */
  fooledBy: (string | undefined)[];
  /** The attacks that are done. */
  members: MemberOutcome[];
}

/**
 * What a run is of, as far as it can be told. The classifier is known by which of the clean rows it gets wrong: its logits
 * may differ in the last place from one machine, or one number of threads, to the next.
 */
export async function runFingerprint(
  members: readonly string[],
  threatModel: ThreatModel,
  inputs: Modalities,
  labels: tf.Tensor1D,
  wrongAtFirst: readonly boolean[],
  { targets, rows, seed }: PerturbOptions,
): Promise<{ [fact: string]: string }> {
  const fingerprint: { [fact: string]: string } = {
    members: members.join(', '),
    seed: `${seed}`,
    'the threat model': await fingerprintOfThreatModel(threatModel),
    'the labels': await fingerprintOf(labels),
    'the targets': targets ? await fingerprintOf(targets) : 'none',
    'the rows': rows?.join(' ') ?? 'from 0',
  };
  for (const [modality, x] of Object.entries(inputs)) {
    fingerprint[`the input ${shown(modality)}`] = `${x.dtype} ${shown(x.shape)} ${await fingerprintOf(x)}`;
  }
  return { ...fingerprint, 'what the classifier gets wrong': wrongAtFirst.map(Number).join('') };
}

/** The state of a run, as it is saved. */
export async function snapshot(
  fingerprint: AutoAttackCheckpoint['fingerprint'],
  seed: number,
  batch: BatchAttack,
  { fooledBy, members }: RunLog,
): Promise<AutoAttackCheckpoint> {
  const points = batch.points;
  const adversarial: { [modality: string]: Float32Array } = {};
  for (const [name, point] of Object.entries(points)) {
    adversarial[name] = (await point.data()).slice() as Float32Array;
  }
  return {
    fingerprint,
    seed,
    members: [...members],
    fooledBy: fooledBy.map((name) => name ?? null),
    margins: Float32Array.from(batch.margin),
    adversarial,
  };
}

/**
 * Goes on from a saved state.
 * @throws {AttackOptionsError} that names the first fact that differs, when it is of another run
 */
export function restore(
  saved: AutoAttackCheckpoint,
  fingerprint: AutoAttackCheckpoint['fingerprint'],
  batch: BatchAttack,
  log: RunLog,
): void {
  const names = new Set([...Object.keys(fingerprint), ...Object.keys(saved.fingerprint)]);
  const other = [...names].find((name) => fingerprint[name] !== saved.fingerprint[name]);
  if (other !== undefined) {
    throw new AttackOptionsError(
      `The progress is that of another run: for ${other} it has ${shown(saved.fingerprint[other])}, this run ${shown(fingerprint[other])}. Give each batch a store of its own; to begin anew, empty the store.`,
    );
  }
  const { rows, points } = batch;
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
    batch.keep({ rows, adversarial, fooled, margin: [...saved.margins] }, () => true);
  } finally {
    tf.dispose(adversarial);
  }
  log.fooledBy = saved.fooledBy.map((name) => name ?? undefined);
  log.members = [...saved.members];
}
