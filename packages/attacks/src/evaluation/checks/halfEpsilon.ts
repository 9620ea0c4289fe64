import { scaledThreatModel } from '../../threatModel/scaledThreatModel.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { type Check, countedRobust, passed, warning } from '../checkContext/check.js';

/** Whether the same attack fools more with half the budget, although the larger ball contains the smaller one. */
export const halfEpsilon: Check = {
  name: 'half-epsilon',
  needs: 'robust',
  async run(context) {
    const { name, fooled, figures } = await context.fooledBy(context.options.attack, halved);
    return fooled > 0
      ? warning(
          `${countedRobust(fooled, figures.robust, name)} fooled by it with half the budget, which the whole budget includes. Its steps are too long, or gradients are informative only near the clean input: try shorter steps and restarts.`,
          figures,
        )
      : passed(
          `With half the budget '${name}' fools no sample that is robust to it with the whole budget.`,
          figures,
        );
  },
};

const halved = (threatModel: ThreatModel) => scaledThreatModel(threatModel, 0.5);
