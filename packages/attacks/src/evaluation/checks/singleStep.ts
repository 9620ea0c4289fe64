import { fgsm } from '../../attacks/fgsm.js';
import { type Check, counted, passed, warning } from '../checkContext/check.js';

/** Whether a single step fools samples that the attack doesn't: an attack of many steps holds each of one (Carlini et al. 2019). */
export const singleStep: Check = {
  name: 'single-step',
  needs: 'robust',
  async run(subject) {
    const { name, fell, figures } = await subject.fooledBy((threatModel) => fgsm(threatModel));
    return fell > 0
      ? warning(
          `Of the samples that stand against '${name}', ${counted(fell, figures.standing)} ${fell === 1 ? 'falls' : 'fall'} to a single step (FGSM) within the same budget. The attack's steps lead astray: try other step sizes, more steps and restarts, and count a sample as fooled when either attack fools it.`,
          figures,
        )
      : passed(`No sample that stands against '${name}' falls to a single step.`, figures);
  },
};
