import { square } from '../../attacks/square/square.js';
import { AttackError } from '../../errors.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, counted, inconclusive, passed, warning } from '../checkContext/check.js';
import type { CheckContext } from '../checkContext/checkContext.js';

/** Whether an attack that sees outputs only beats the one that sees gradients (AutoAttack's check_square_sr). */
export const blackBox: Check = {
  name: 'black-box',
  needs: 'robust',
  async run(subject) {
    let found: Awaited<ReturnType<CheckContext['fooledBy']>>;
    try {
      found = await subject.fooledBy(subject.options.blackBox ?? searching);
    } catch (error) {
      if (!(error instanceof AttackError)) throw error;
      // Square has no form for l1 balls.
      return inconclusive(
        `The attack that asks for outputs only can't be made here; name another one with the option 'blackBox'. ${error.message}`,
      );
    }
    const { name, fell, figures } = found;
    return fell > 0
      ? warning(
          `Of the samples that stand against '${name}', ${counted(fell, figures.standing)} ${fell === 1 ? 'falls' : 'fall'} to an attack that asks for outputs only. An attack that sees the gradients ought to do no worse: they are masked, or it is too weak. Robust accuracy is lower than it says; look for what hides the gradients, and report the worst case of both.`,
          figures,
        )
      : passed(
          `No sample that stands against '${name}' falls to an attack that asks for outputs only.`,
          figures,
        );
  },
};

/** Queries of the default attack; AutoAttack's 5000 find more, at ten times the cost. */
const QUERIES = 500;

const searching = (threatModel: ThreatModel) => square(threatModel, { queries: QUERIES });
