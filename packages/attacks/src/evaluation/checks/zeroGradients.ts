import { type Check, type CheckResult, counted, passed, warning } from '../checkContext/check.js';
import { type Attacked, AttackFailure, type CheckContext } from '../checkContext/checkContext.js';
import { gradientSizes } from '../checkContext/gradientSizes.js';

/**
 * Whether gradients lead anywhere: those of the log-odds of a wrong answer, which a sure classifier doesn't turn into 0,
 * and those of the attack's own loss in its first step (AutoAttack's check_zero_gradients, per modality).
 */
export const zeroGradients: Check = {
  name: 'zero-gradients',
  needs: 'correct',
  async run(subject) {
    const figures: CheckResult['figures'] = {};
    const flat: string[] = [];
    const ownFlat: string[] = [];
    const own = await gradientsFollowed(subject);
    for (const { modality, rows, sizes } of await gradientSizes(subject, 'cross-entropy')) {
      const zero = rows.filter((_, i) => sizes[i] === 0);
      const ownZero = own[modality]?.filter((i) => rows.includes(subject.correct[i]!)) ?? [];
      figures[`${modality}: samples`] = rows.length;
      figures[`${modality}: zero`] = zero.length;
      if (own[modality]) figures[`${modality}: zero in the attack`] = ownZero.length;
      if (zero.length > 0) flat.push(`'${modality}' for ${counted(zero.length, rows.length)}`);
      else if (ownZero.length > 0) ownFlat.push(`'${modality}' for ${counted(ownZero.length, rows.length)}`);
    }
    if (flat.length > 0) {
      return warning(
        `The gradient of the log-odds is exactly 0 with respect to ${flat.join(', ')}. Attacks that follow it stay where they are, and robust accuracy comes out too high. Look for rounding, clipping or other steps without a slope in the classifier, and put a smooth one in their place for the attack (BPDA); attack without gradients too.`,
        figures,
      );
    }
    if (ownFlat.length > 0) {
      return warning(
        `The gradient of the attack's own loss is exactly 0 in its first step with respect to ${ownFlat.join(', ')}, though that of the log-odds is not. The loss is saturated there: use 'cross-entropy', 'cw' or 'dlr', which are not.`,
        figures,
      );
    }
    return passed('Every sample has a gradient to follow in every attacked modality.', figures);
  },
};

/** An attack that can't be run is the matter of another check. */
async function gradientsFollowed(subject: CheckContext): Promise<Attacked['flat']> {
  try {
    return (await subject.attacked()).flat;
  } catch (error) {
    if (error instanceof AttackFailure) return {};
    throw error;
  }
}
