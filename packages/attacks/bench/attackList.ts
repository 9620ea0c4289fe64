import * as amr from '@amr/attacks';
import { threatModel } from './victims.js';

/** The same lengths for attacks that take l2 budgets only: what a corner of the linf ball measures. */
const l2 = {
  rgb: { ...threatModel.rgb, norm: 'l2', epsilon: threatModel.rgb.epsilon * Math.sqrt(4 * 12 * 12 * 3) },
  skeleton: { norm: 'l2', epsilon: threatModel.skeleton.epsilon * Math.sqrt(2 * 4 * 12 * 3) },
} as const;

/** How much work the longest attacks do. */
export interface Lengths {
  /** Queries of Square. */
  queries: number;
  /** Steps of CW for each of its 9 constants. */
  cwSteps: number;
}

/** The attacks that the benchmarks run, by name, made when they are called. */
export function attackList({ queries, cwSteps }: Lengths): [string, () => amr.Attack][] {
  return [
    ['noise, uniform', () => amr.noise(threatModel)],
    ['FGSM', () => amr.fgsm(threatModel)],
    ['BIM-10', () => amr.bim(threatModel)],
    ['MI-FGSM-10', () => amr.mifgsm(threatModel)],
    ['PGD-20', () => amr.pgd(threatModel)],
    ['PGD-20 on the margin', () => amr.pgd(threatModel, { loss: 'cw' })],
    ['PGD-20, 5 restarts', () => amr.pgd(threatModel, { restarts: 5 })],
    ['alternating-20', () => amr.alternating(threatModel)],
    ['worst of three PGD-20', () => amr.worstCase(amr.attackConditions(threatModel))],
    ['APGD-CE-100', () => amr.apgd(threatModel)],
    ['APGD-DLR-100', () => amr.apgd(threatModel, { loss: 'dlr' })],
    ['DeepFool', () => amr.deepfool(threatModel)],
    ['FAB-T-100', () => amr.fab(threatModel)],
    [`Square-${queries}`, () => amr.square(threatModel, { queries })],
    ['AutoAttack', () => amr.autoAttack(threatModel)],
    ['PGD-20, l2', () => amr.pgd(l2)],
    ['CW, l2', () => amr.cw(l2, { steps: cwSteps })],
  ];
}
