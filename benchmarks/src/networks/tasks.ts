import type { Measure } from '../runners/protocol.js';

/** What is measured of a network. */
export interface Task {
  /** Its name in tables. */
  title: string;
  /** What is done: see `work.ts` and `torch/networks.py`. */
  kind: 'forward' | 'gradient' | 'training' | 'attack' | 'adversarial' | 'epoch';
  /** Modalities that the attack changes. Default: all. */
  attacked?: readonly string[];
  /** Steps of the attack. */
  steps?: number;
  /** PyTorch, too, computes the branch that the attack does not change only once. */
  frozen?: boolean;
  /** Cost in forward passes, where a backward pass counts as one, for estimates of time. */
  passes: number;
  /**
   * Largest difference of two runners' results, see `difference`; absent where they are random. Gradients are compared in
   * length: where an activation is 0 apart from rounding, its ReLU passes the gradient on in one and not in the other. For
   * this reason PyTorch's gradient in float32 differs from that in float64 by 2 % of the largest value in single positions,
   * and by 0.3 % in length.
   */
  tolerance?: { measure: Measure; max: number };
}

const exact = { measure: 'value', max: 1e-3 } as const;
/** For the loss that an attack reaches: a sign that differs in one step leads to another point. */
const reached = { measure: 'value', max: 0.05 } as const;

/** The tasks by name. */
export const tasks = {
  forward: { title: 'forward', kind: 'forward', passes: 1, tolerance: exact },
  gradient: {
    title: 'input gradient',
    kind: 'gradient',
    passes: 2,
    tolerance: { measure: 'length', max: 0.02 },
  },
  training: { title: 'training step', kind: 'training', passes: 3, tolerance: exact },
  'pgd-rgb': {
    title: 'PGD-20, RGB',
    kind: 'attack',
    attacked: ['rgb'],
    steps: 20,
    passes: 40,
    tolerance: reached,
  },
  'pgd-skeleton': {
    title: 'PGD-20, skeleton',
    kind: 'attack',
    attacked: ['skeleton'],
    steps: 20,
    passes: 40,
    tolerance: reached,
  },
  'pgd-skeleton-frozen': {
    title: 'PGD-20, skeleton, RGB branch once',
    kind: 'attack',
    attacked: ['skeleton'],
    steps: 20,
    frozen: true,
    passes: 40,
    tolerance: reached,
  },
  'pgd-both': { title: 'PGD-20, both', kind: 'attack', steps: 20, passes: 40, tolerance: reached },
  'adversarial-2': { title: 'PGD-2 and training step', kind: 'adversarial', steps: 2, passes: 7 },
  'adversarial-10': { title: 'PGD-10 and training step', kind: 'adversarial', steps: 10, passes: 23 },
  epoch: { title: 'epoch of adversarial training', kind: 'epoch', passes: 140 },
} satisfies { [name: string]: Task };

/** The name of a task. */
export type TaskName = keyof typeof tasks;
