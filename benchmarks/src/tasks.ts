/** What is measured of a network. */
export interface Task {
  /** What tables call it. */
  title: string;
  /** What is done: see the file of that name in `work/`, and `torch/networks.py`. */
  kind: 'forward' | 'gradient' | 'training' | 'attack' | 'adversarial' | 'epoch';
  /** Modalities that the attack changes. Default: all. */
  attacked?: readonly string[];
  /** Steps of the attack. */
  steps?: number;
  /** PyTorch, too, computes the branch that the attack does not change only once. */
  frozen?: boolean;
  /** What it costs, in forward passes, a backward pass being one as well: for estimates of time. */
  passes: number;
  /** Largest difference of results, relative to the largest value, with which two contestants have done the same. */
  tolerance?: number;
}

/** The tasks by name. */
export const tasks = {
  forward: { title: 'forward', kind: 'forward', passes: 1, tolerance: 1e-3 },
  gradient: { title: 'input gradient', kind: 'gradient', passes: 2, tolerance: 1e-3 },
  training: { title: 'training step', kind: 'training', passes: 3, tolerance: 1e-3 },
  'pgd-rgb': {
    title: 'PGD-20, RGB',
    kind: 'attack',
    attacked: ['rgb'],
    steps: 20,
    passes: 40,
    tolerance: 0.05,
  },
  'pgd-skeleton': {
    title: 'PGD-20, skeleton',
    kind: 'attack',
    attacked: ['skeleton'],
    steps: 20,
    passes: 40,
    tolerance: 0.05,
  },
  'pgd-skeleton-frozen': {
    title: 'PGD-20, skeleton, RGB branch once',
    kind: 'attack',
    attacked: ['skeleton'],
    steps: 20,
    frozen: true,
    passes: 40,
    tolerance: 0.05,
  },
  'pgd-both': { title: 'PGD-20, both', kind: 'attack', steps: 20, passes: 40, tolerance: 0.05 },
  'adversarial-2': { title: 'PGD-2 and training step', kind: 'adversarial', steps: 2, passes: 7 },
  'adversarial-10': { title: 'PGD-10 and training step', kind: 'adversarial', steps: 10, passes: 23 },
  epoch: { title: 'epoch of adversarial training', kind: 'epoch', passes: 140 },
} satisfies { [name: string]: Task };

/** The name of a task. */
export type TaskName = keyof typeof tasks;
