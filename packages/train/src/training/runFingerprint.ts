import { crc32 } from '@amr/formats';
import type { RunFingerprint } from '../checkpoint/checkpoint.js';
import { optimizerName } from '../checkpoint/optimizerState.js';
import type { TrainerSettings } from './trainerSettings.js';
import type { TrainingRun } from './trainingRun.js';

/**
 * The settings that must be equal for a resumed run to give the weights of an uninterrupted one. Checkpoints hold them:
 * names and values must not change.
 */
export function runFingerprint(
  settings: TrainerSettings,
  { trainSet, epochs, batchSize }: TrainingRun,
): RunFingerprint {
  const { optimizer, schedule, choose, weightDecay, ports } = settings;
  const hash = (list: readonly string[]) =>
    crc32(new TextEncoder().encode(JSON.stringify(list))).toString(16);
  const config = JSON.stringify({ ...optimizer.getConfig(), learningRate: settings.baseRate });
  return {
    objective: settings.objective.label ?? 'custom',
    optimizer: `${optimizerName(optimizer)} ${config}`,
    schedule: schedule ? (schedule.label ?? 'custom') : 'none',
    // A schedule depends on how long the training is going to be.
    ...(schedule && { epochs }),
    attack: choose ? (choose.label ?? 'custom') : 'none',
    attackMode: settings.attackMode,
    cleanShare: settings.cleanShare,
    weightDecay: weightDecay?.rate ?? 0,
    weightDecayApplies: weightDecay?.applies ? 'custom' : 'default',
    gradientClip: settings.gradientClip ?? 'none',
    batchSize,
    dropLast: settings.dropLast,
    seed: settings.seed,
    // Only where they differ from what older checkpoints know.
    ...(ports.chosen !== undefined && { ports: ports.chosen }),
    ...(ports.removed.length > 0 && { logitsInFrontOf: ports.removed.join() }),
    samples: trainSet.size,
    sampleIds: hash(trainSet.ids),
    classes: hash(trainSet.classes),
  };
}
