import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../../classifier/classifier.js';
import { type BallSpec, ballSpecsOf, mapBalls } from '../../threatModel/ballSpecs.js';
import { boundOn } from '../../threatModel/bound.js';
import { attackedModalities, type Bound, type ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, countedRobust, inconclusive, passed, warning } from '../checkContext/check.js';

/** For an input without a range, this many radii are taken for its whole range. */
const RADII_WITHOUT_RANGE = 100;
/** Fractions of the whole radius to try. A sample that is fooled in a smaller ball is fooled in the largest, too. */
const FRACTIONS = [0.1, 1];

/**
 * Whether accuracy falls to 0 when the adversary may change inputs at will (Carlini et al. 2019, section 5). An linf ball
 * as wide as the range contains every input, also those of other classes. So every sample can be fooled, and one that is
 * not shows that the attack fails.
 */
export const largeEpsilon: Check = {
  name: 'large-epsilon',
  needs: 'robust',
  async run(context) {
    const { inputs, options } = context;
    const { robust, name } = await context.attacked();
    const radii = await Promise.all(
      ballSpecsOf(options.threatModel).map((ball) => wholeRadius(ball, inputs)),
    );
    if (radii.every((radius) => radius === 0)) {
      return inconclusive('The budgets are 0 and the inputs have no range, so there is no larger budget.');
    }
    let stillRobust = robust;
    for (const fraction of FRACTIONS) {
      stillRobust = await context.robustAgainst(stillRobust, options.attack, (threatModel) =>
        withRadii(
          threatModel,
          radii.map((radius) => fraction * radius),
        ),
      );
    }
    const figures = { robust: robust.length, stillRobust: stillRobust.length };
    if (stillRobust.length === 0) {
      return passed(
        `No sample is robust to '${name}' when inputs may change over their whole range.`,
        figures,
      );
    }
    const seen = `${countedRobust(stillRobust.length, robust.length, name)} still robust when inputs may change over their whole range.`;
    const attacked = attackedModalities(options.threatModel);
    const others = Object.keys(inputs).filter((modality) => !attacked.includes(modality));
    return others.length > 0
      ? inconclusive(
          `${seen} That need not be wrong: the classifier may rely on ${others.map((modality) => `'${modality}'`).join(', ')}, which the attack may not change. Also check a threat model with all modalities.`,
          figures,
        )
      : warning(
          `${seen} No classifier is robust to that, so the attack fails for another reason: gradients are masked, a mask or constraint prevents changes, or the step size is wrong. Then its result at the actual budget is no measure of robustness either.`,
          figures,
        );
  },
};

/** The radius with which a ball contains the whole range, or {@link RADII_WITHOUT_RANGE} times its radius without a range. */
async function wholeRadius({ norm, epsilon, modalities }: BallSpec, inputs: Modalities): Promise<number> {
  const own = typeof epsilon === 'number' ? epsilon : Math.max(...(await epsilon.data()));
  const lengths = await Promise.all(
    Object.entries(modalities).map(async ([modality, { range, scale = 1 }]) => {
      if (!range) return RADII_WITHOUT_RANGE * own;
      const x = inputs[modality]!;
      const entries = x.size / x.shape[0]!;
      const width = await widthOf(range, scale, x);
      if (width === Infinity) return RADII_WITHOUT_RANGE * own;
      return { linf: width, l2: width * Math.sqrt(entries), l1: width * entries }[norm];
    }),
  );
  const whole =
    norm === 'linf' ? Math.max(...lengths) : norm === 'l2' ? Math.hypot(...lengths) : sum(lengths);
  return Math.max(own, whole);
}

/** The largest width of a range, in units of the scale. */
async function widthOf([low, high]: readonly [Bound, Bound], scale: Bound, x: tf.Tensor): Promise<number> {
  const width = tf.tidy(() => tf.max(tf.div(tf.sub(boundOn(high, x), boundOn(low, x)), boundOn(scale, x))));
  return (await width.data().finally(() => width.dispose()))[0]!;
}

/** A threat model with other radii, in the order of its balls, and default step sizes. */
function withRadii(threatModel: ThreatModel, radii: readonly number[]): ThreatModel {
  const next = radii.values();
  return mapBalls(
    threatModel,
    () => next.next().value!,
    ({ stepSize: _, ...budget }) => budget,
  );
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
