import { type Check, type CheckResult, counted, passed, warning } from '../checkContext/check.js';
import { type Attacked, AttackFailure, type CheckContext } from '../checkContext/checkContext.js';
import { gradientSizes } from '../checkContext/gradientSizes.js';

/**
 * Whether gradients are 0: those of the log-odds of a wrong answer, which don't vanish for a confident classifier, and
 * those of the attack's loss in its first step (AutoAttack's check_zero_gradients, per modality).
 */
export const zeroGradients: Check = {
  name: 'zero-gradients',
  needs: 'correct',
  async run(context) {
    const figures: CheckResult['figures'] = {};
    const zeroLogOdds: string[] = [];
    const zeroInAttack: string[] = [];
    const inAttack = await zeroInAttackOf(context);
    for (const { modality, rows, sizes } of await gradientSizes(context, 'cross-entropy')) {
      const zero = rows.filter((_, i) => sizes[i] === 0);
      const attackZero = inAttack[modality]?.filter((i) => rows.includes(context.correct[i]!)) ?? [];
      figures[`${modality}: samples`] = rows.length;
      figures[`${modality}: zero`] = zero.length;
      if (inAttack[modality]) figures[`${modality}: zero in the attack`] = attackZero.length;
      if (zero.length > 0) zeroLogOdds.push(`'${modality}' for ${counted(zero.length, rows.length)}`);
      else if (attackZero.length > 0)
        zeroInAttack.push(`'${modality}' for ${counted(attackZero.length, rows.length)}`);
    }
    if (zeroLogOdds.length > 0) {
      return warning(
        `The gradient of the log-odds is exactly 0 with respect to ${zeroLogOdds.join(', ')}. Attacks that follow it don't move, and robust accuracy comes out too high. Look for rounding, clipping or other operations without a gradient in the classifier, and replace them by smooth ones for the attack (BPDA). Also run an attack without gradients.`,
        figures,
      );
    }
    if (zeroInAttack.length > 0) {
      return warning(
        `The gradient of the attack's loss is exactly 0 in its first step with respect to ${zeroInAttack.join(', ')}, although that of the log-odds is not. The loss is saturated there: use 'cross-entropy', 'cw' or 'dlr', which don't saturate.`,
        figures,
      );
    }
    return passed('Every sample has a non-zero gradient in every attacked modality.', figures);
  },
};

/** The samples without a gradient in the attack's first step, if the attack is run. Another check reports an attack that fails. */
async function zeroInAttackOf(context: CheckContext): Promise<Attacked['flat']> {
  if (!context.options.needsAttack) return {};
  try {
    return (await context.attacked()).flat;
  } catch (error) {
    if (error instanceof AttackFailure) return {};
    throw error;
  }
}
