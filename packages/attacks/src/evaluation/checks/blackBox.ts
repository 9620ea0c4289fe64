import { square } from '../../attacks/square/square.js';
import { AttackError } from '../../errors.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, countedRobust, inconclusive, passed, warning } from '../checkContext/check.js';
import type { CheckContext } from '../checkContext/checkContext.js';

/** Whether an attack that sees only outputs fools samples that the evaluation's attack doesn't (AutoAttack's check_square_sr). */
export const blackBox: Check = {
  name: 'black-box',
  needs: 'robust',
  async run(context) {
    let found: Awaited<ReturnType<CheckContext['fooledBy']>>;
    try {
      found = await context.fooledBy(context.options.blackBox ?? squareSearch);
    } catch (error) {
      if (!(error instanceof AttackError)) throw error;
      // Square has no form for l1 balls.
      return inconclusive(
        `The black-box attack can't run here; give another one with the option 'blackBox'. ${error.message}`,
      );
    }
    const { name, fooled, figures } = found;
    return fooled > 0
      ? warning(
          `${countedRobust(fooled, figures.robust, name)} fooled by an attack that sees only outputs. An attack with gradients should do no worse: the gradients are masked, or the attack is too weak. The true robust accuracy is lower. Look for what masks the gradients, and report the worst case of both attacks.`,
          figures,
        )
      : passed(`An attack that sees only outputs fools no sample that is robust to '${name}'.`, figures);
  },
};

/** Queries of the default attack; AutoAttack's 5000 find more, at ten times the cost. */
const QUERIES = 500;

const squareSearch = (threatModel: ThreatModel) => square(threatModel, { queries: QUERIES });
