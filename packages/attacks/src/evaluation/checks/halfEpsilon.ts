import { scaledThreatModel } from '../../threatModel/scaledThreatModel.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, counted, passed, warning } from '../checkContext/check.js';

/** Whether the same attack does better with half the budget: a larger ball holds all that a smaller one does. */
export const halfEpsilon: Check = {
  name: 'half-epsilon',
  needs: 'robust',
  async run(subject) {
    const { name, fell, figures } = await subject.fooledBy(subject.options.attack, halved);
    return fell > 0
      ? warning(
          `Of the samples that stand against '${name}', ${counted(fell, figures.standing)} ${fell === 1 ? 'falls' : 'fall'} to it with half the budget, which the whole budget includes. Its steps are too long, or gradients are of use near the clean input only: try shorter steps and restarts.`,
          figures,
        )
      : passed(`No sample that stands against '${name}' falls to it with half the budget.`, figures);
  },
};

const halved = (threatModel: ThreatModel) => scaledThreatModel(threatModel, 0.5);
