import type { Budget } from '@amr/attacks';

/** What the adversary may change, by modality: this project's budgets, as in the quickstart. */
export const budgets: { [modality in 'rgb' | 'skeleton']: Budget } = {
  rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] },
  skeleton: { norm: 'linf', epsilon: 0.02 },
};
