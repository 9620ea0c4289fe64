import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { noise } from '../../attacks/noise.js';
import type { Modalities } from '../../classifier/classifier.js';
import { disposeDerived } from '../../threatModel/ballSpecs.js';
import { scaledThreatModel } from '../../threatModel/scaledThreatModel.js';
import { attackedModalities, isJointBall, type ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, type CheckResult, inconclusive, passed, warning } from '../checkContext/check.js';
import type { CheckContext } from '../checkContext/checkContext.js';
import { gradientSizes } from '../checkContext/gradientSizes.js';

/** Size of the noise, in budgets: larger than any attack's change. */
const NOISE = 3;
/** A modality's gain below this share of the largest gain of another one is too small for an attack to use. */
const SHARE = 0.01;

/**
 * Whether the classifier ignores a modality that is attacked: neither another sample's input nor noise of three times the
 * budget changes a prediction, and its gradient within the budget gains a hundredth of the others'. Then the accuracy
 * under an attack on this modality is the clean accuracy, and shows no robustness.
 */
export const ignoredModality: Check = {
  name: 'ignored-modality',
  needs: 'correct',
  async run(context) {
    const { threatModel } = context.options;
    const names = attackedModalities(threatModel);
    const figures: CheckResult['figures'] = {};
    if (Object.keys(context.inputs).length === 1) return passed('There is one modality.', figures);
    if (context.samples === 1) return inconclusive('Needs two samples or more, to exchange their inputs.');
    const gains = names.length > 1 ? await meanGains(context) : {};
    const ignored: string[] = [];
    for (const modality of names) {
      const exchanged = await changedPredictions(context, exchange(context.inputs, modality));
      const noisy = await changedPredictions(context, await withNoise(context, modality));
      figures[`${modality}: predictions that another sample's input changes`] = exchanged;
      figures[`${modality}: predictions that noise changes`] = noisy;
      const others = Math.max(...names.filter((name) => name !== modality).map((name) => gains[name]!));
      const share = names.length > 1 ? gains[modality]! / others : 0;
      if (names.length > 1) figures[`${modality}: gain, in shares of the largest other`] = share;
      if (exchanged + noisy === 0 && share <= SHARE) ignored.push(modality);
    }
    if (ignored.length === 0) return passed('Each attacked modality counts in the predictions.', figures);
    const listed = ignored.map(formatValue).join(', ');
    const seen = `Neither another sample's ${listed} nor noise of ${NOISE} times its budget changes one of ${context.samples} predictions`;
    if (names.length === 1) {
      return inconclusive(
        `${seen}. With one modality in the threat model its gradient has none to be compared with: check a condition that attacks all.`,
        figures,
      );
    }
    const gain = Math.max(
      ...ignored.map((name) => figures[`${name}: gain, in shares of the largest other`]!),
    );
    return warning(
      `The classifier ignores ${listed}. ${seen}, and a step within its budget gains ${gain.toPrecision(1)} of what another modality's does. Accuracy under an attack on ${listed} alone is the accuracy without an attack and says nothing about robustness, and averages over conditions are too high. Find out why its branch does not count: its weight in the fusion, its own accuracy, its scaling.`,
      figures,
    );
  },
};

/** By modality the mean gain over the correct samples. */
async function meanGains(context: CheckContext): Promise<{ [modality: string]: number }> {
  const found = await gradientSizes(context, 'cross-entropy');
  return Object.fromEntries(
    found.map(({ modality, gains }) => [
      modality,
      gains.reduce((sum, gain) => sum + gain, 0) / gains.length || 0,
    ]),
  );
}

/** Number of samples whose prediction the inputs change. Disposes of the tensors that are not the batch's own. */
async function changedPredictions(context: CheckContext, inputs: Modalities): Promise<number> {
  const own = Object.values(context.inputs);
  try {
    const classes = await context.predictionsOf(inputs);
    return classes.filter((predicted, row) => predicted !== context.predicted[row]).length;
  } finally {
    tf.dispose(Object.values(inputs).filter((x) => !own.includes(x)));
  }
}

/** The inputs, one modality of each sample taken from the sample half a batch away: neighbours may be of one class. */
function exchange(inputs: Modalities, modality: string): Modalities {
  const x = inputs[modality]!;
  const rows = x.shape[0]!;
  const order = Array.from({ length: rows }, (_, row) => (row + Math.floor(rows / 2)) % rows);
  return { ...inputs, [modality]: tf.tidy(() => tf.gather(x, tf.tensor1d(order, 'int32'))) };
}

/** The inputs with noise in one modality. */
async function withNoise(context: CheckContext, modality: string): Promise<Modalities> {
  const { threatModel, seed, signal } = context.options;
  const larger = scaledThreatModel(onlyModality(threatModel, modality), NOISE);
  try {
    return await noise(larger).perturb(context.classifier, context.inputs, context.labels, {
      seed,
      ...(signal && { signal }),
    });
  } finally {
    disposeDerived(larger, threatModel);
  }
}

/** The part of a threat model that allows changes of one modality. */
function onlyModality(threatModel: ThreatModel, modality: string): ThreatModel {
  return isJointBall(threatModel)
    ? { ...threatModel, modalities: { [modality]: threatModel.modalities[modality]! } }
    : { [modality]: threatModel[modality]! };
}
