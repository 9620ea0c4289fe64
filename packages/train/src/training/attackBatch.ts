import type { Classifier, Modalities } from '@amr/attacks';
import { type Batch, mixSeed, randomFrom } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { RANDOM_PURPOSE } from './randomPurpose.js';
import type { TrainerSettings } from './trainerSettings.js';
import type { TrainingRun } from './trainingRun.js';

/**
 * Chooses the attack of the current batch and runs it.
 * @param seedDropout called before the attack in training mode
 * @returns the adversarial examples; undefined when this batch is trained on clean
 */
export async function attackBatch(
  settings: TrainerSettings,
  run: TrainingRun,
  batch: Batch,
  classifier: Classifier,
  seedDropout: () => void,
): Promise<Modalities | undefined> {
  const { seed, model, ports, attackMode } = settings;
  const { epoch, batch: number } = run.position;
  const attack = settings.choose?.({
    epoch,
    batch: number,
    step: run.done,
    steps: run.total,
    random: randomFrom(mixSeed(seed, RANDOM_PURPOSE.choice, epoch, number)),
  });
  if (!attack) return undefined;
  const inputs = Object.fromEntries(ports.inputs.map((name) => [name, batch.inputs[name]!]));
  const options = {
    seed: mixSeed(seed, RANDOM_PURPOSE.attack, epoch, number),
    ...(settings.allowProbabilities && { allowProbabilities: true }),
  };
  if (attackMode !== 'train') return attack.perturb(classifier, inputs, batch.labels, options);
  const restoreStatistics = saveStatistics(model);
  try {
    seedDropout();
    return await attack.perturb(classifier, inputs, batch.labels, options);
  } finally {
    restoreStatistics();
  }
}

/** Copies the weights that no gradient changes. @returns a function that restores them */
function saveStatistics(model: LayersModel): () => void {
  const saved = model.nonTrainableWeights.map((weight) => {
    const variable = weight.read() as tf.Variable;
    return { variable, value: tf.keep(tf.clone(variable)) };
  });
  return () => {
    for (const { variable, value } of saved) {
      variable.assign(value);
      value.dispose();
    }
  };
}
