import type { Modalities } from '../../classifier/classifier.js';
import { type BallSpec, ballSpecsOf, mapBalls } from '../../threatModel/ballSpecs.js';
import { attackedModalities, type ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, counted, inconclusive, passed, warning } from '../checkContext/check.js';

/** Where an input has no range, this many radii stand for all of it. */
const FAR = 100;
/** Shares of the whole that are tried: what falls anywhere inside the largest ball falls in it. */
const SHARES = [0.1, 1];

/**
 * Whether accuracy falls to 0 when the adversary may change inputs at will (Carlini et al. 2019, section 5). With linf
 * balls as wide as the range each holds every other input, also those of other classes, so every sample can be fooled
 * and one that stands shows that the attack fails.
 */
export const largeEpsilon: Check = {
  name: 'large-epsilon',
  needs: 'robust',
  async run(subject) {
    const { inputs, options } = subject;
    const { robust, name } = await subject.attacked();
    const radii = await Promise.all(
      ballSpecsOf(options.threatModel).map((ball) => wholeRadius(ball, inputs)),
    );
    if (radii.every((radius) => radius === 0)) {
      return inconclusive('The budgets are 0 and the inputs have no range, so there is no larger budget.');
    }
    let left = robust;
    for (const share of SHARES) {
      left = await subject.robustAgainst(left, options.attack, (threatModel) =>
        withRadii(
          threatModel,
          radii.map((radius) => share * radius),
        ),
      );
    }
    const figures = { standing: robust.length, left: left.length };
    if (left.length === 0) {
      return passed(
        `No sample stands against '${name}' when inputs may change over their whole range.`,
        figures,
      );
    }
    const seen = `Of the samples that stand against '${name}', ${counted(left.length, robust.length)} still ${left.length === 1 ? 'stands' : 'stand'} when inputs may change over their whole range.`;
    const attacked = attackedModalities(options.threatModel);
    const others = Object.keys(inputs).filter((modality) => !attacked.includes(modality));
    return others.length > 0
      ? inconclusive(
          `${seen} That need not be wrong: the classifier may decide by ${others.map((modality) => `'${modality}'`).join(', ')}, which the attack may not change. Check a threat model with all modalities too.`,
          figures,
        )
      : warning(
          `${seen} No classifier is robust to that, so the attack fails for another reason: gradients are masked, a mask or constraint leaves it nothing to change, or its steps don't suit. Its result at the budget itself is then no measure of robustness either.`,
          figures,
        );
  },
};

/** The radius with which a ball holds everything in the range, or {@link FAR} times its own without one. */
async function wholeRadius({ norm, epsilon, modalities }: BallSpec, inputs: Modalities): Promise<number> {
  const own = typeof epsilon === 'number' ? epsilon : Math.max(...(await epsilon.data()));
  const lengths = Object.entries(modalities).map(([modality, { range, weight = 1 }]) => {
    if (!range) return FAR * own;
    const x = inputs[modality]!;
    const entries = x.size / x.shape[0]!;
    const width = weight * (range[1] - range[0]);
    return { linf: width, l2: width * Math.sqrt(entries), l1: width * entries }[norm];
  });
  const whole =
    norm === 'linf' ? Math.max(...lengths) : norm === 'l2' ? Math.hypot(...lengths) : sum(lengths);
  return Math.max(own, whole);
}

/** A threat model with other radii, in the order of its balls; steps follow from them. */
function withRadii(threatModel: ThreatModel, radii: readonly number[]): ThreatModel {
  const next = radii.values();
  return mapBalls(
    threatModel,
    () => next.next().value!,
    ({ stepSize: _, ...budget }) => budget,
  );
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
