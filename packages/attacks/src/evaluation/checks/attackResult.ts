import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { attackFromSearch } from '../../search/search.js';
import { type Ball, type BallPart, joinColumns } from '../../threatModel/ball.js';
import {
  hasExactConstraints,
  satisfiesConstraints,
  zeroPerturbations,
} from '../../threatModel/perturbation.js';
import { attackedModalities } from '../../threatModel/threatModel.js';
import { type Check, counted, passed, percent, warning } from '../checkContext/check.js';
import { type Attacked, AttackFailure, type CheckContext } from '../checkContext/checkContext.js';

/** Two roundings of a float32, relative to the value. */
const ROUNDING = 2 ** -22;

/** Whether the attack runs, and whether what it returns is inside the threat model. */
export const attackResult: Check = {
  name: 'attack',
  needs: 'correct',
  async run(subject) {
    const { samples, correct } = subject;
    let attacked: Attacked;
    try {
      attacked = await subject.attacked();
    } catch (error) {
      if (!(error instanceof AttackFailure)) throw error;
      return warning(`The attack failed, so nothing can be said of its result: ${error.message}`);
    }
    const { name, robust, adversarial } = attacked;
    const outside = await outsideOf(subject, adversarial);
    const figures = {
      samples,
      correct: correct.length,
      standing: robust.length,
      accuracy: correct.length / samples,
      robustAccuracy: robust.length / samples,
      outside: outside.length,
    };
    return outside.length > 0
      ? warning(
          `What '${name}' returns for ${counted(outside.length, correct.length)} is outside the threat model: beyond the ball, the range or the mask, against an exact constraint, not finite, or changed where there is no budget. Such samples don't count as fooled within the budget; see that the attack is made for this threat model and returns to it after its last step.`,
          figures,
        )
      : passed(
          `'${name}' stays inside the threat model and brings accuracy from ${percent(figures.accuracy)} to ${percent(figures.robustAccuracy)} of ${samples} samples.`,
          figures,
        );
  },
};

/** Rows of the samples that are outside the threat model. */
async function outsideOf(subject: CheckContext, found: Modalities): Promise<number[]> {
  const { correct, classifier } = subject;
  let outside: number[] = [];
  await subject.with(correct, async ({ inputs, labels, threatModel }) => {
    // Bounds of range and mask alone: the radius is looked at with some room for rounding.
    const look = attackFromSearch(
      { name: 'inside', threatModel, allowInfiniteEpsilon: true },
      async ({ balls }, context) => {
        const still = context.state(() => zeroPerturbations(balls));
        const flags = context.state(() => {
          const attacked = attackedModalities(threatModel);
          const fixed = Object.keys(inputs).filter((modality) => !attacked.includes(modality));
          const rules = [
            ...fixed.map((modality) => perRow(tf.equal(found[modality]!, inputs[modality]!))),
            ...balls.map((ball) => inside(ball, found)),
          ];
          return { kept: rules.reduce((all, rule) => tf.logicalAnd(all, rule)) };
        });
        const kept = await context.checkFinite(flags.value.kept, 'this check');
        outside = correct.filter((_, i) => kept[i] === 0);
        return still.value;
      },
    );
    // The classifier is not asked.
    tf.dispose(await look.perturb((moved) => classifier(moved), inputs, labels));
  });
  return outside;
}

/** Whether each row is in a ball, its bounds and its exact rules, `[rows]`; numbers that aren't finite are outside. */
function inside(ball: Ball, found: Modalities): tf.Tensor1D {
  const { norm, epsilon, bounds, parts } = ball;
  const inBall = (of: (part: BallPart) => tf.Tensor) =>
    joinColumns(parts.map((part) => tf.reshape<tf.Rank.R2>(tf.mul(of(part), part.weight), [ball.rows, -1])));
  const delta = inBall(({ modality, clean }) => tf.sub(found[modality]!, clean));
  const rounding = inBall(({ modality, clean }) =>
    tf.mul(tf.maximum(tf.abs(clean), tf.abs(found[modality]!)), ROUNDING),
  );
  const longest = tf.add(tf.mul(epsilon, 1 + 1e-5), norm.length(rounding));
  const rules: tf.Tensor1D[] = [
    perRow(tf.lessEqual(norm.length(delta), longest)),
    perRow(tf.isFinite(delta)),
  ];
  if (bounds) {
    rules.push(
      perRow(tf.lessEqual(delta, tf.add(bounds.upper, rounding))),
      perRow(tf.greaterEqual(delta, tf.sub(bounds.lower, rounding))),
    );
  }
  for (const part of parts)
    if (hasExactConstraints(part)) rules.push(satisfiesConstraints(part, found[part.modality]!));
  return rules.reduce((all, rule) => tf.logicalAnd(all, rule));
}

function perRow(flags: tf.Tensor): tf.Tensor1D {
  return tf.all(tf.cast(tf.reshape(flags, [flags.shape[0]!, -1]), 'bool'), 1);
}
