import { fgsm } from '../../attacks/fgsm.js';
import { type Check, countedRobust, passed, warning } from '../checkContext/check.js';

/** Whether a single step fools samples that the attack doesn't. An attack with many steps should be stronger (Carlini et al. 2019). */
export const singleStep: Check = {
  name: 'single-step',
  needs: 'robust',
  async run(context) {
    const { name, fooled, figures } = await context.fooledBy((threatModel) => fgsm(threatModel));
    return fooled > 0
      ? warning(
          `${countedRobust(fooled, figures.robust, name)} fooled by a single step (FGSM) within the same budget. The attack's steps go in the wrong direction: try other step sizes, more steps and restarts, and count a sample as fooled when either attack fools it.`,
          figures,
        )
      : passed(`A single step (FGSM) fools no sample that is robust to '${name}'.`, figures);
  },
};
