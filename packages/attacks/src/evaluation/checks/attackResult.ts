import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { attackFromSearch } from '../../search/search.js';
import type { Ball } from '../../threatModel/ball.js';
import { type BallPart, inUnitsOfScale, joinColumns } from '../../threatModel/ballPart.js';
import {
  hasExactConstraints,
  satisfiesConstraints,
  zeroPerturbations,
} from '../../threatModel/perturbation.js';
import { attackedModalities } from '../../threatModel/threatModel.js';
import { type Check, counted, passed, percent, warning } from '../checkContext/check.js';
import { type Attacked, AttackFailure, type CheckContext } from '../checkContext/checkContext.js';

/** The error of two roundings to float32, relative to the value. */
const ROUNDING = 2 ** -22;

/** Whether the attack runs, and whether its result is inside the threat model. */
export const attackResult: Check = {
  name: 'attack',
  needs: 'correct',
  async run(context) {
    const { samples, correct } = context;
    let attacked: Attacked;
    try {
      attacked = await context.attacked();
    } catch (error) {
      if (!(error instanceof AttackFailure)) throw error;
      return warning(`The attack failed, so there is no result to check: ${error.message}`);
    }
    const { name, robust, adversarial } = attacked;
    const outside = await outsideOf(context, adversarial);
    const figures = {
      samples,
      correct: correct.length,
      robust: robust.length,
      accuracy: correct.length / samples,
      robustAccuracy: robust.length / samples,
      outside: outside.length,
    };
    return outside.length > 0
      ? warning(
          `The result of '${name}' for ${counted(outside.length, correct.length)} is outside the threat model: beyond the ball, the range or the mask, in violation of an exact constraint, not finite, or changed where there is no budget. Such samples don't count as fooled within the budget. Make the attack for this threat model, and let it project its result after the last step.`,
          figures,
        )
      : passed(
          `'${name}' stays inside the threat model and lowers accuracy from ${percent(figures.accuracy)} to ${percent(figures.robustAccuracy)} of ${samples} samples.`,
          figures,
        );
  },
};

/** Rows of the batch whose adversarial inputs are outside the threat model. */
async function outsideOf(context: CheckContext, found: Modalities): Promise<number[]> {
  const { correct, classifier } = context;
  let outside: number[] = [];
  await context.withRows(correct, async ({ inputs, labels, threatModel }) => {
    // With allowInfiniteEpsilon the balls' bounds are those of range and mask alone. The radius is checked below, with a
    // tolerance for rounding.
    const check = attackFromSearch(
      { name: 'inside', threatModel, allowInfiniteEpsilon: true },
      async ({ balls }, search) => {
        const zeros = search.scratch.state(() => zeroPerturbations(balls));
        const flags = search.scratch.state(() => {
          const attacked = attackedModalities(threatModel);
          const unattacked = Object.keys(inputs).filter((modality) => !attacked.includes(modality));
          const rules = [
            ...unattacked.map((modality) => perRow(tf.equal(found[modality]!, inputs[modality]!))),
            ...balls.map((ball) => isInsideBall(ball, found)),
          ];
          return { inside: rules.reduce((all, rule) => tf.logicalAnd(all, rule)) };
        });
        const insideRows = await search.monitor.checkFinite(flags.value.inside);
        outside = correct.filter((_, i) => insideRows[i] === 0);
        return zeros.value;
      },
    );
    // This search never calls the classifier.
    tf.dispose(await check.perturb((moved) => classifier(moved), inputs, labels));
  });
  return outside;
}

/** Whether each row is in a ball, in its bounds and satisfies its exact constraints, `[rows]`; NaN and infinities are outside. */
function isInsideBall(ball: Ball, found: Modalities): tf.Tensor1D {
  const { norm, epsilon, bounds, parts } = ball;
  const scaled = (of: (part: BallPart) => tf.Tensor) =>
    joinColumns(
      parts.map((part) => inUnitsOfScale(part, tf.reshape<tf.Rank.R2>(of(part), [ball.rows, part.size]))),
    );
  const delta = scaled(({ modality, clean }) => tf.sub(found[modality]!, clean));
  const rounding = scaled(({ modality, clean }) =>
    tf.mul(tf.maximum(tf.abs(clean), tf.abs(found[modality]!)), ROUNDING),
  );
  const maxLength = tf.add(tf.mul(epsilon, 1 + 1e-5), norm.length(rounding));
  const rules: tf.Tensor1D[] = [
    perRow(tf.lessEqual(norm.length(delta), maxLength)),
    perRow(tf.isFinite(delta)),
  ];
  if (bounds) {
    rules.push(
      perRow(tf.lessEqual(delta, tf.add(bounds.upper, rounding))),
      perRow(tf.greaterEqual(delta, tf.sub(bounds.lower, rounding))),
    );
  }
  for (const part of parts.filter(hasExactConstraints)) {
    rules.push(satisfiesConstraints(part, found[part.modality]!));
  }
  return rules.reduce((all, rule) => tf.logicalAnd(all, rule));
}

function perRow(flags: tf.Tensor): tf.Tensor1D {
  return tf.all(tf.cast(tf.reshape(flags, [flags.shape[0]!, -1]), 'bool'), 1);
}
