import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { AttackOptionsError } from '../../errors.js';
import type { PerturbOptions } from '../../search/attack.js';
import type { BatchAttack } from '../../search/batchAttack.js';
import { fingerprintOf, fingerprintOfThreatModel } from '../../threatModel/fingerprint.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import type { AutoAttackCheckpoint, MemberOutcome } from './autoAttackCheckpoint.js';

/** The outcomes of a run so far, without the points. */
export interface RunLog {
  /** For each row the attack that fooled it, if one has. */
  fooledBy: (string | undefined)[];
  /** The attacks that are done. */
  members: MemberOutcome[];
}

/**
 * Identifies a run, fact by fact. The classifier is identified by the clean rows that it gets wrong, since its logits may
 * differ in the last place from one machine, or one number of threads, to the next.
 */
export async function runFingerprint(
  members: readonly string[],
  threatModel: ThreatModel,
  inputs: Modalities,
  labels: tf.Tensor,
  wrongAtFirst: readonly boolean[],
  { targets, criterion, rows, seed }: PerturbOptions,
): Promise<{ [fact: string]: string }> {
  const fingerprint: { [fact: string]: string } = {
    members: members.join(', '),
    seed: `${seed}`,
    'the threat model': await fingerprintOfThreatModel(threatModel),
    'the labels': await fingerprintOf(labels),
    'the targets': typeof targets === 'object' ? await fingerprintOf(targets) : (targets ?? 'none'),
    'the criterion':
      typeof criterion === 'object'
        ? `top ${criterion.topK}`
        : typeof criterion === 'function'
          ? 'a function'
          : (criterion ?? 'default'),
    'the rows': rows?.join(' ') ?? 'from 0',
  };
  for (const [modality, x] of Object.entries(inputs)) {
    fingerprint[`the input ${formatValue(modality)}`] =
      `${x.dtype} ${formatValue(x.shape)} ${await fingerprintOf(x)}`;
  }
  return { ...fingerprint, 'what the classifier gets wrong': wrongAtFirst.map(Number).join('') };
}

/** The checkpoint of a run. */
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
 * Resumes from a checkpoint.
 * @throws {AttackOptionsError} when the checkpoint is one of another run, with the first fact that differs, or damaged
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
      `autoAttack.checkpoint: got a checkpoint of another run, whose value for ${other} is ${formatValue(saved.fingerprint[other])}; expected ${formatValue(fingerprint[other])}. Give each batch its own store; to start again, empty the store.`,
    );
  }
  const { rows, points } = batch;
  const whole =
    saved.fooledBy.length === rows.length &&
    saved.margins.length === rows.length &&
    Object.entries(points).every(([name, point]) => saved.adversarial[name]?.length === point.size);
  if (!whole) {
    throw new AttackOptionsError(
      'autoAttack.checkpoint: got a damaged checkpoint; expected one entry for each sample, and for each value of the attacked modalities. Empty the store to start again.',
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
