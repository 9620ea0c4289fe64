import { describeInvariants } from '@amr/testing/attacks/invariants';
import { linearSetting } from '@amr/testing/attacks/linearSetting';
import { values } from '@amr/testing/attacks/models';
import { describe, expect, it } from 'vitest';
import { bim, pgd } from '../index.js';

describeInvariants('bim', (threat) => bim(threat, { steps: 3 }), { numRuns: 8 });

describe('bim', () => {
  it('is PGD from the clean input with ten steps', async () => {
    const { inputs, labels, classifier } = linearSetting(1);
    for (const threat of [
      { a: { norm: 'linf', epsilon: 0.1, range: [0, 1] } },
      { a: { norm: 'l2', epsilon: 0.3, stepSize: 0.05 }, b: { norm: 'l1', epsilon: 0.2 } },
    ] as const) {
      const one = await bim(threat as never).perturb(classifier, inputs, labels);
      const other = await pgd(threat as never, { steps: 10 }).perturb(classifier, inputs, labels);
      expect(values(one.a!)).toEqual(values(other.a!));
      expect(values(one.b!)).toEqual(values(other.b!));
    }
  });

  it('takes 2.5 epsilon in ten steps, unless the budget says otherwise', async () => {
    const { inputs, labels, classifier } = linearSetting(2);
    const first = async (stepSize?: number) => {
      const moved: number[] = [];
      const attack = bim({ a: { norm: 'linf', epsilon: 1, stepSize } });
      await attack.perturb(classifier, inputs, labels, {
        onStep: ({ step, steps, adversarial }) => {
          expect(steps).toBe(10);
          if (step > 1) return;
          const [before, after] = [values(inputs.a!), values(adversarial.a!)];
          moved.push(...after.map((v, i) => Math.abs(v - before[i]!)));
        },
      });
      return moved;
    };
    for (const change of await first()) expect(change).toBeCloseTo(0.25, 5);
    for (const change of await first(0.1)) expect(change).toBeCloseTo(0.1, 5);
  });
});
