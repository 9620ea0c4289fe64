import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import {
  denseClassifier,
  lengthOf,
  linearClassifier,
  normal,
  predictionsOf,
  rowsOf,
  uniform,
  values,
} from '@amr/testing/attacks/models';
import { smallestSize } from '@amr/testing/attacks/smallestStep';
import { describe, expect, it } from 'vitest';
import {
  AttackOptionsError,
  type Classifier,
  type Constraint,
  cw,
  deepfool,
  fab,
  GradientError,
  jointBall,
  type Modalities,
  type NormName,
  type ThreatModel,
  ThreatModelError,
} from '../index.js';

/**
 * The attacks that look for the smallest perturbation, the norms they know, and how far from the optimum they may end:
 * deepfool by its overshoot, cw by its learning rate. `more` is a multiple of their steps.
 */
const attacks = [
  {
    name: 'deepfool',
    norms: ['linf', 'l2', 'l1'],
    slack: 1.021,
    make: (threat: ThreatModel) => deepfool(threat),
  },
  {
    name: 'fab',
    norms: ['linf', 'l2', 'l1'],
    slack: 1.002,
    make: (threat: ThreatModel, more = 1) => fab(threat, { steps: 12 * more }),
  },
  {
    name: 'fab, all boundaries at once',
    norms: ['l2'],
    slack: 1.002,
    make: (threat: ThreatModel, more = 1) => fab(threat, { steps: 12 * more, targeted: false }),
  },
  {
    name: 'cw',
    norms: ['l2'],
    slack: 1.02,
    make: (threat: ThreatModel) =>
      cw(threat, { steps: 120, binarySearchSteps: 6, initialConstant: 0.3, learningRate: 0.02 }),
  },
] as const;
const each = attacks.flatMap((attack) => attack.norms.map((norm) => ({ ...attack, norm: norm as NormName })));

const shape = [4, 2, 3];
const x = uniform(shape, 1);
const b = normal([4, 3], 2);
const weights = { x: normal([6, 4], 3) as tf.Tensor2D, b: normal([3, 4], 4) as tf.Tensor2D };
/** Logits far below 0. */
const linear: Classifier = (inputs) => tf.tidy(() => tf.sub(linearClassifier(weights)(inputs), 50));
const inputs = { x, b };
const labels = predictionsOf(linear, inputs);

/** The change of each row, as a list of entries. */
const changes = (result: Modalities, from: Modalities, name: string) =>
  rowsOf(tf.tidy(() => tf.sub(result[name]!, from[name]!)));
/** How a row's margin of class k over its label rises with the entries of an input, and what it is. */
const towards = (name: 'x' | 'b', row: number, k: number) =>
  rowsOf(weights[name]).map((w) => w[k]! - w[values(labels)[row]!]!);
const lead = (row: number, k: number) => {
  const z = rowsOf(linear(inputs))[row]!;
  return z[values(labels)[row]!]! - z[k]!;
};
/** The smallest size that fools each row of the linear classifier. */
const optima = (
  norm: { x: NormName; b?: NormName },
  units = { x: 1, b: 1 },
  range = false,
  targets?: number[],
) =>
  values(labels).map((label, row) => {
    const rivals = targets ? [targets[row]!] : [0, 1, 2, 3].filter((k) => k !== label);
    return Math.min(
      ...rivals.map((k) =>
        smallestSize(
          (Object.keys(norm) as ('x' | 'b')[]).map((name) => {
            const slopes = towards(name, row, k);
            const entries = rowsOf(inputs[name])[row]!;
            const slacks = slopes.map((w, i) => (range ? (w > 0 ? 1 - entries[i]! : entries[i]!) : Infinity));
            return { norm: norm[name]!, unit: units[name], slopes, slacks };
          }),
          lead(row, k),
        ),
      ),
    );
  });

describe.each(each)('$name in $norm', ({ make, norm, slack }) => {
  const sizesOf = (result: Modalities) => changes(result, inputs, 'x').map((row) => lengthOf(norm, row));

  it('finds the smallest perturbation of a linear classifier, |margin| / |w|_*, within its slack', async () => {
    const result = await make({ x: { norm, epsilon: Infinity } }).perturb(linear, inputs, labels, {
      seed: 1,
    });
    const best = optima({ x: norm });
    for (const [row, size] of sizesOf(result).entries()) {
      expect(size).toBeGreaterThan(best[row]! * (1 - 1e-4));
      expect(size).toBeLessThan(best[row]! * slack);
      expect(values(predictionsOf(linear, result))[row]).not.toBe(values(labels)[row]);
    }
  });

  it('succeeds for an epsilon just above what it needs, and gives clean rows just below', async () => {
    const needed = sizesOf(await make({ x: { norm, epsilon: Infinity } }).perturb(linear, inputs, labels));
    const scaled = (scale: number) => tf.tensor1d(needed.map((size) => size * scale));
    const above = await make({ x: { norm, epsilon: scaled(1.01) } }).perturb(linear, inputs, labels);
    const below = await make({ x: { norm, epsilon: scaled(0.97) } }).perturb(linear, inputs, labels);
    for (const row of needed.keys()) {
      expect(values(predictionsOf(linear, above))[row]).not.toBe(values(labels)[row]);
      expect(sizesOf(above)[row]).toBeLessThanOrEqual(needed[row]! * 1.01001);
      expect(rowsOf(below.x!)[row]).toEqual(rowsOf(x)[row]);
    }
  });

  it('leaves rows alone that are wrong from the start, and attacks the others', async () => {
    const some = tf.tidy(() => tf.mod(tf.add(labels, [0, 1, 0, 2]), 4)) as tf.Tensor1D;
    const result = await make({ x: { norm, epsilon: Infinity } }).perturb(linear, inputs, some);
    const moved = sizesOf(result).map((size) => size > 0);
    expect(moved).toEqual([true, false, true, false]);
  });

  it('brings the prediction to the targets, and no further than they are', async () => {
    const targets = tf.tidy(() => tf.mod(tf.add(labels, [1, 2, 3, 0]), 4)) as tf.Tensor1D;
    // The last row's label is another one, since a target is never the label.
    const others = tf.tidy(() => tf.mod(tf.add(labels, [0, 0, 0, 1]), 4)) as tf.Tensor1D;
    const result = await make({ x: { norm, epsilon: Infinity } }, 5).perturb(linear, inputs, others, {
      targets,
    });
    expect(values(predictionsOf(linear, result))).toEqual(values(targets));
    // The target has to beat the label at least; the last row is there already.
    const least = optima({ x: norm }, undefined, false, values(targets)).slice(0, 3);
    for (const [row, size] of sizesOf(result).slice(0, 3).entries())
      expect(size).toBeGreaterThan(least[row]! * 0.9999);
    expect(sizesOf(result)[3]).toBe(0);
  });

  it('works where the softmax is saturated, and for inputs at the very ends of their range', async () => {
    const ends = tf.round(x);
    const network = denseClassifier({ x: ends }, 5, 7, 400);
    const right = predictionsOf(network, { x: ends });
    expect(values(tf.max(tf.softmax(network({ x: ends })), 1)).filter((p) => p === 1).length).toBeGreaterThan(
      2,
    );
    const attack = make({ x: { norm, epsilon: Infinity, range: [0, 1] } });
    const result = await attack.perturb(network, { x: ends }, right);
    const fooled = values(predictionsOf(network, result)).map((y, i) => y !== values(right)[i]);
    expect(fooled.filter(Boolean).length).toBeGreaterThanOrEqual(3);
    for (const [row, change] of changes(result, { x: ends }, 'x').entries()) {
      expect(change.some((d) => Math.abs(d) > 1e-3)).toBe(fooled[row]);
    }
  });

  it('keeps masks and constraints, and judges what is left', async () => {
    const mask = tf.tensor([1, 1, 0, 1, 0, 1], [1, 2, 3]);
    const equal: Constraint = {
      name: 'the same change in both halves',
      apply: (moved, clean) => tf.add(clean, tf.mean(tf.sub(moved, clean), 1, true)),
    };
    const masked = await make({ x: { norm, epsilon: Infinity, mask } }).perturb(linear, inputs, labels);
    for (const change of changes(masked, inputs, 'x')) {
      expect([change[2], change[4]]).toEqual([0, 0]);
      expect(change.some((d) => d !== 0)).toBe(true);
    }
    if (norm === 'l1') return; // A sparse step does next to nothing under an average.
    const tied = await make({ x: { norm, epsilon: Infinity, constraints: [equal] } }, 5).perturb(
      linear,
      inputs,
      labels,
    );
    for (const change of changes(tied, inputs, 'x')) {
      for (const i of [0, 1, 2]) expect(change[i]).toBeCloseTo(change[i + 3]!, 5);
    }
    const fooled = values(predictionsOf(linear, tied)).filter((y, i) => y !== values(labels)[i]);
    expect(fooled.length).toBeGreaterThanOrEqual(3);
  });

  it('reports its steps, stops on a signal and on gradients that are not finite, and leaks nothing', async () => {
    const attack = make({ x: { norm, epsilon: 1 } });
    const before = tf.memory().numTensors;
    const seen: number[] = [];
    await expect(
      attack.perturb(linear, inputs, labels, {
        onStep: ({ step, loss, adversarial }) => {
          seen.push(step);
          expect(loss.shape).toEqual([4]);
          expect(Object.keys(adversarial)).toEqual(['x', 'b']);
          if (seen.length === 2) throw new Error('enough');
        },
      }),
    ).rejects.toThrow('enough');
    expect(seen).toEqual([1, 2]);
    const overflowing: Classifier = (at) =>
      tf.tidy(() => {
        const some = tf.slice2d(tf.reshape(at.x!, [4, 6]), [0, 0], [4, 4]);
        return tf.add(linear(at), tf.sqrt(tf.mul(some, 0)));
      });
    await expect(attack.perturb(overflowing, inputs, labels)).rejects.toThrow(GradientError);
    const stop = new AbortController();
    const stopped = attack.perturb(linear, inputs, labels, {
      signal: stop.signal,
      onStep: () => stop.abort(new Error('stop')),
    });
    await expect(stopped).rejects.toThrow('stop');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each([
  { norms: { x: 'linf', b: 'l2' }, make: attacks[1].make, slack: 1.002, units: { x: 20, b: 70 } },
  { norms: { x: 'l1', b: 'linf' }, make: attacks[1].make, slack: 1.002, units: { x: 20, b: 70 } },
  { norms: { x: 'l2', b: 'l2' }, make: attacks[2].make, slack: 1.002, units: { x: 20, b: 70 } },
  { norms: { x: 'linf', b: 'l1' }, make: attacks[0].make, slack: 1.021, units: { x: 20, b: 70 } },
  // Its distance is the sum of squared shares, not the largest share.
  { norms: { x: 'l2', b: 'l2' }, make: attacks[3].make, slack: 1.5, units: { x: 1, b: 3 } },
] as const)('several balls at once: $norms', ({ norms, make, slack, units }) => {
  it('are measured by the largest share of an epsilon, which is the smallest there is', async () => {
    const threat = { x: { norm: norms.x, epsilon: units.x }, b: { norm: norms.b, epsilon: units.b } };
    const result = await make(threat).perturb(linear, inputs, labels);
    const best = optima(norms, units);
    for (const row of best.keys()) {
      const share = Math.max(
        lengthOf(norms.x, changes(result, inputs, 'x')[row]!) / units.x,
        lengthOf(norms.b, changes(result, inputs, 'b')[row]!) / units.b,
      );
      expect(share).toBeGreaterThan(best[row]! * (1 - 1e-4));
      expect(share).toBeLessThan(best[row]! * slack);
    }
  });
});

describe('in a joint ball', () => {
  it.each([attacks[0], attacks[1], attacks[3]])(
    '$name splits the budget as is best',
    async ({ make, slack }) => {
      const scale = { x: 1 / 3, b: 2 };
      const threat = jointBall('l2', Infinity, { x: { scale: scale.x }, b: { scale: scale.b } });
      const result = await make(threat).perturb(linear, inputs, labels);
      for (const [row, label] of values(labels).entries()) {
        const best = Math.min(
          ...[0, 1, 2, 3]
            .filter((k) => k !== label)
            .map((k) => {
              const slopes = (['x', 'b'] as const).flatMap((name) =>
                towards(name, row, k).map((w) => w * scale[name]),
              );
              return lead(row, k) / lengthOf('l2', slopes);
            }),
        );
        const joined = (['x', 'b'] as const).flatMap((name) =>
          changes(result, inputs, name)[row]!.map((d) => d / scale[name]),
        );
        expect(lengthOf('l2', joined) / best).toBeGreaterThan(1 - 1e-4);
        expect(lengthOf('l2', joined) / best).toBeLessThan(slack);
      }
    },
  );
});

describe('in their range', () => {
  it.each(['linf', 'l2', 'l1'] as const)(
    'fab finds the smallest perturbation of a linear classifier: %s',
    async (norm) => {
      const threat = { x: { norm, epsilon: Infinity, range: [0, 1] as [number, number] } };
      const result = await fab(threat, { steps: 20 }).perturb(linear, inputs, labels);
      const best = optima({ x: norm }, undefined, true);
      const boundless = optima({ x: norm });
      expect(best.some((size, row) => size > 1.05 * boundless[row]!)).toBe(true);
      for (const [row, change] of changes(result, inputs, 'x').entries()) {
        if (best[row] === Infinity) expect(change.every((d) => d === 0)).toBe(true);
        else {
          expect(lengthOf(norm, change)).toBeGreaterThan(best[row]! * (1 - 1e-4));
          // Mixing with the clean input's projection leaves the surface of the box in l1, where points are sparse.
          expect(lengthOf(norm, change)).toBeLessThan(best[row]! * 1.01);
        }
      }
    },
  );

  it('cw finds it within 2 % too', async () => {
    const threat = { x: { norm: 'l2', epsilon: Infinity, range: [0, 1] } } as const;
    const result = await cw(threat as unknown as ThreatModel, {
      steps: 100,
      learningRate: 0.05,
      initialConstant: 0.1,
    }).perturb(linear, inputs, labels);
    const best = optima({ x: 'l2' }, undefined, true);
    for (const [row, change] of changes(result, inputs, 'x').entries()) {
      if (best[row]! < Infinity) expect(lengthOf('l2', change) / best[row]!).toBeLessThan(1.02);
    }
  });
});

describe('on a network that is not linear', () => {
  it.each(['linf', 'l2', 'l1'] as const)(
    'fab finds smaller perturbations than deepfool: %s',
    async (norm) => {
      const many = uniform([24, 3, 4], 5);
      const network = denseClassifier({ x: many }, 5, 2, 3);
      const right = predictionsOf(network, { x: many });
      const threat = { x: { norm, epsilon: Infinity, range: [0, 1] as [number, number] } };
      const sizes = async (attack: ReturnType<typeof fab>) => {
        const result = await attack.perturb(network, { x: many }, right, { seed: 1 });
        const fooled = values(predictionsOf(network, result)).map((y, i) => y !== values(right)[i]);
        return changes(result, { x: many }, 'x').map((d, row) =>
          fooled[row] ? lengthOf(norm, d) : Infinity,
        );
      };
      const mean = (list: number[]) => list.reduce((a, c) => a + c, 0) / list.length;
      const fast = await sizes(deepfool(threat));
      const adaptive = await sizes(fab(threat, { steps: 20, targetClasses: 4 }));
      console.log(norm, mean(fast), mean(adaptive), adaptive.filter((v, i) => v > fast[i]! * 1.001).length);
      expect(adaptive.every((size) => size < Infinity)).toBe(true);
      // By 10 % in linf, 7 % in l2 and 3 % in l1.
      expect(mean(adaptive)).toBeLessThan(0.98 * mean(fast));
    },
  );

  it('restarts of fab only make perturbations smaller', async () => {
    const many = uniform([12, 3, 4], 5);
    const network = denseClassifier({ x: many }, 5, 2, 3);
    const right = predictionsOf(network, { x: many });
    const threat = { x: { norm: 'linf', epsilon: Infinity, range: [0, 1] } } as unknown as ThreatModel;
    const sizes = async (restarts: number) => {
      const attack = fab(threat, { steps: 3, restarts, targeted: false });
      const result = await attack.perturb(network, { x: many }, right, { seed: 3 });
      return changes(result, { x: many }, 'x').map((d) => lengthOf('linf', d));
    };
    const [one, four] = [await sizes(1), await sizes(4)];
    for (const [row, size] of four.entries()) expect(size).toBeLessThanOrEqual(one[row]!);
    expect(four.some((size, row) => size < one[row]!)).toBe(true);
  });

  it('cw leads by its confidence', async () => {
    const network = denseClassifier({ x }, 4, 2, 3);
    const right = predictionsOf(network, { x });
    const threat: ThreatModel = { x: { norm: 'l2', epsilon: Infinity } };
    const leads = async (confidence: number) => {
      const attack = cw(threat, {
        confidence,
        steps: 60,
        binarySearchSteps: 4,
        initialConstant: 1,
        learningRate: 0.05,
      });
      const z = rowsOf(network(await attack.perturb(network, { x }, right)));
      return z.map(
        (row, i) => Math.max(...row.filter((_, k) => k !== values(right)[i])) - row[values(right)[i]!]!,
      );
    };
    for (const by of await leads(1)) expect(by).toBeGreaterThanOrEqual(1 - 1e-5);
    expect((await leads(0)).some((by) => by < 0.5)).toBe(true);
  });
});

describe('options', () => {
  const threat: ThreatModel = { x: { norm: 'l2', epsilon: 1 } };
  it.each([
    [() => deepfool(threat, { candidates: 1 }), 'deepfool.candidates: got 1;'],
    [() => deepfool(threat, { overshoot: -1 }), 'deepfool.overshoot: got -1;'],
    [() => deepfool(threat, { steps: 0 }), 'deepfool.steps: got 0;'],
    [() => fab(threat, { alphaMax: 1.5 }), 'fab.alphaMax: got 1.5;'],
    [() => fab(threat, { eta: 0.9 }), 'fab.eta: got 0.9;'],
    [() => fab(threat, { beta: 0 }), 'fab.beta: got 0;'],
    [() => fab(threat, { targetClasses: 0 }), 'fab.targetClasses: got 0;'],
    [() => cw(threat, { confidence: -1 }), 'cw.confidence: got -1;'],
    [() => cw(threat, { initialConstant: 0 }), 'cw.initialConstant: got 0;'],
    [() => cw(threat, { learningRate: Number.NaN }), 'cw.learningRate: got NaN;'],
  ])('outside their values are refused: %#', (make, message) => {
    expect(make).toThrow(AttackOptionsError);
    expect(make).toThrow(message);
  });

  it('cw says which norm it can work in', () => {
    expect(() => cw({ x: { norm: 'linf', epsilon: 1 } })).toThrow(ThreatModelError);
    expect(() => cw({ x: { norm: 'linf', epsilon: 1 } })).toThrow(
      "threatModel.x.norm: got 'linf'; expected 'l2'",
    );
  });
});
