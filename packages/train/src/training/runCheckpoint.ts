import { type CheckpointParts, decodeCheckpoint, encodeCheckpoint } from '../checkpoint/checkpoint.js';
import { trainableVariables, weightsOfModel } from '../checkpoint/modelWeights.js';
import { CheckpointError } from '../errors.js';
import { runFingerprint } from './runFingerprint.js';
import type { TrainerSettings } from './trainerSettings.js';
import type { TrainingRun } from './trainingRun.js';

/**
 * Sets model, optimizer and position to those of the checkpoint, if there is one.
 * @throws {CheckpointError} when the checkpoint is damaged or belongs to another run; nothing is changed
 */
export async function resumeRun(settings: TrainerSettings, run: TrainingRun): Promise<void> {
  const bytes = await settings.checkpoint?.read();
  if (!bytes) return;
  const { position, restore } = decodeCheckpoint(bytes, partsOf(settings, run));
  if (position.epoch > run.epochs || (position.epoch === run.epochs && position.batch > 0)) {
    throw new CheckpointError(
      'config',
      `fit.epochs: got ${run.epochs}; expected ${position.epoch} or more, as the checkpoint has ${position.epoch} epochs ` +
        'done. The checkpoint stays unchanged.',
    );
  }
  restore();
  run.position = position;
  if (position.epoch < run.epochs || position.batch > 0) {
    settings.log(`Resumes after ${run.done} of ${run.total} batches.`);
  }
}

/** Writes a checkpoint, if there is a store. All metrics are read before. */
export async function saveRun(settings: TrainerSettings, run: TrainingRun): Promise<void> {
  await run.flushMetrics();
  const { checkpoint } = settings;
  if (!checkpoint) return;
  await checkpoint.write(await encodeCheckpoint(partsOf(settings, run), run.position));
  run.markSaved();
}

function partsOf(settings: TrainerSettings, run: TrainingRun): CheckpointParts {
  const { model, optimizer } = settings;
  return {
    weights: weightsOfModel(model),
    trainable: trainableVariables(model),
    optimizer,
    fingerprint: runFingerprint(settings, run),
  };
}
