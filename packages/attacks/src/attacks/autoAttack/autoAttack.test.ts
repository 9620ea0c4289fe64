import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { describeInvariants } from '@amr/testing/attacks/invariants';
import {
  denseClassifier,
  lengthOf,
  predictionsOf,
  rowsOf,
  uniform,
  values,
} from '@amr/testing/attacks/models';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Attack,
  type AutoAttackCheckpoint,
  type AutoAttackCheckpointStore,
  type AutoAttackMember,
  type AutoAttackProgress,
  apgd,
  autoAttack,
  type Budget,
  type Classifier,
  fab,
  fgsm,
  jointBall,
  type MemberOutcome,
  square,
} from '../../index.js';
import { membersOf } from './members.js';

const short: { [name: string]: AutoAttackMember } = {
  'apgd-ce': (own) => apgd(own, { steps: 5 }),
  'apgd-t': (own) => apgd(own, { steps: 3, loss: 'dlr', targetClasses: 2 }),
  'fab-t': (own) => fab(own, { steps: 4, targetClasses: 2 }),
  square: (own) => square(own, { queries: 8 }),
};

// As for Auto-PGD, a rounding error may make another of two equally good points the better one.
describeInvariants('autoAttack', (threat) => autoAttack(threat, { attacks: short }), {
  norms: ['linf', 'l2'],
  rightAtFirst: true,
  numRuns: 6,
  caseSeed: 5,
});

const x = uniform([12, 2, 3], 1);
const other = uniform([12, 2], 2);
const classifier = denseClassifier({ x, other }, 5, 6, 3);
const budget: Budget = { norm: 'linf', epsilon: 0.15, range: [0, 1] };
const threat = { x: budget };
const inputs = { x, other };
/** Two of the twelve samples are wrong from the start. */
const labels = tf.tidy(() => {
  const right = values(predictionsOf(classifier, inputs));
  return tf.tensor1d(
    right.map((y, row) => (row === 3 || row === 8 ? (y + 1) % 5 : y)),
    'int32',
  );
});
const wrong = (result: { x?: tf.Tensor; other?: tf.Tensor }) =>
  values(predictionsOf(classifier, result as typeof inputs)).map((y, row) => y !== values(labels)[row]);

describe('autoAttack', () => {
  it('reports which attack fooled which sample, leaves wrong samples clean and the others inside', async () => {
    const outcomes: MemberOutcome[] = [];
    const progress: Omit<AutoAttackProgress, 'member'>[] = [];
    const attack = autoAttack(threat, { attacks: { fgsm: (own) => fgsm(own), ...short } });
    const before = tf.memory().numTensors;
    const { adversarial, fooledBy, members, seed } = await attack.search(classifier, inputs, labels, {
      seed: 1,
      onProgress: ({ member, ...rest }) => {
        outcomes.push(member);
        progress.push(rest);
      },
    });
    expect(tf.memory().numTensors - before).toBe(2);
    expect(seed).toBe(1);
    expect(fooledBy.flatMap((name, row) => (name === 'clean' ? [row] : []))).toEqual([3, 8]);
    expect(wrong(adversarial)).toEqual(fooledBy.map((name) => name !== undefined));
    expect(rowsOf(adversarial.x!)[3]).toEqual(rowsOf(x)[3]);
    expect(values(adversarial.other!)).toEqual(values(other));
    for (const [row, change] of tf.tidy(() => rowsOf(tf.sub(adversarial.x!, x))).entries()) {
      expect(lengthOf('linf', change)).toBeLessThan(0.15 + 1e-6);
      if (fooledBy[row] !== 'clean') expect(lengthOf('linf', change)).toBeGreaterThan(0);
    }
    expect(members).toEqual(outcomes);
    expect(progress.map(({ done, total }) => [done, total])).toEqual(
      [1, 2, 3, 4, 5].map((done) => [done, 5]),
    );
    expect(progress.at(-1)!.remaining).toBe(0);
    for (const { elapsed } of progress) expect(elapsed).toBeGreaterThanOrEqual(0);
    expect(members.map(({ name }) => name)).toEqual(['fgsm', 'apgd-ce', 'apgd-t', 'fab-t', 'square']);
    let left = 10;
    for (const { name, tried, fooled } of members) {
      expect(tried).toBe(left);
      expect(fooled).toBe(fooledBy.filter((by) => by === name).length);
      left -= fooled;
    }
    expect(members[0]!.fooled).toBeGreaterThan(0);
    expect(left).toBeGreaterThan(0);
    tf.dispose(adversarial);
  });

  it('is never weaker than one of its attacks alone with the same seed', async () => {
    for (const norm of ['linf', 'l2'] as const) {
      const own = { x: { ...budget, norm, epsilon: norm === 'linf' ? 0.1 : 0.2 } };
      const right = predictionsOf(classifier, inputs);
      const fooledIn = async (attack: Attack) => {
        const result = await attack.perturb(classifier, inputs, right, { seed: 7 });
        return values(predictionsOf(classifier, result)).map((y, row) => y !== values(right)[row]);
      };
      const all = await fooledIn(autoAttack(own, { attacks: short }));
      for (const member of Object.values(short)) {
        const one = await fooledIn(member(own, { classes: 5 }));
        one.forEach((fooled, row) => {
          expect(all[row] || !fooled).toBe(true);
        });
      }
      expect(all.filter(Boolean).length).toBeLessThan(12);
    }
  });

  it('keeps the point of the largest margin where nothing succeeds', async () => {
    const tiny = { x: { ...budget, epsilon: 0.001 } };
    const margin = (point: tf.Tensor) =>
      rowsOf(classifier({ x: point, other })).map((z, row) => {
        const y = values(labels)[row]!;
        return Math.max(...z.filter((_, k) => k !== y)) - z[y]!;
      });
    const attacks: { [name: string]: AutoAttackMember } = {
      before: (own) => square(own, { queries: 2 }),
      strong: (own) => apgd(own),
      after: (own) => square(own, { queries: 2 }),
    };
    const result = await autoAttack(tiny, { attacks }).perturb(classifier, inputs, labels, { seed: 1 });
    const alone = await apgd(tiny).perturb(classifier, inputs, labels, { seed: 1 });
    const [got, best] = [margin(result.x!), margin(alone.x!)];
    for (const row of [0, 1, 2, 4, 5, 6, 7]) expect(got[row]!).toBeGreaterThanOrEqual(best[row]! - 1e-5);
  });

  it('lets fooled samples leave the batch', async () => {
    const seen: number[] = [];
    const counted: Classifier = (point) => {
      seen.push(point.x!.shape[0]!);
      return classifier(point);
    };
    const attack = autoAttack(threat, { attacks: short });
    const { members, adversarial } = await attack.search(counted, inputs, labels, { seed: 1 });
    tf.dispose(adversarial);
    expect(seen[0]).toBe(12);
    expect(new Set(seen.slice(1, 8))).toEqual(new Set([members[0]!.tried]));
    expect(members[0]!.tried).toBe(10);
    expect(new Set(seen.slice(-9))).toEqual(new Set([members[3]!.tried]));
    expect(members[3]!.tried).toBeLessThan(10);
    expect(seen.every((rows, i) => i === 0 || rows <= seen[i - 1]!)).toBe(true);
  });

  it('takes a vector of epsilons, a mask for each sample and joint balls', async () => {
    const right = predictionsOf(classifier, inputs);
    const mask = tf.tidy(() => tf.cast(tf.greater(uniform([12, 2, 3], 9), 0.3), 'float32'));
    const epsilon = tf.tensor1d(Array.from({ length: 12 }, (_, row) => row / 15));
    const before = tf.memory().numTensors;
    const attack = autoAttack({ x: { ...budget, epsilon, mask } }, { attacks: short });
    const { adversarial, fooledBy } = await attack.search(classifier, inputs, right, { seed: 1 });
    expect(tf.memory().numTensors - before).toBe(2);
    const free = rowsOf(mask);
    for (const [row, change] of tf.tidy(() => rowsOf(tf.sub(adversarial.x!, x))).entries()) {
      expect(lengthOf('linf', change)).toBeLessThan(row / 15 + 1e-6);
      expect(change.every((v, i) => free[row]![i] === 1 || v === 0)).toBe(true);
    }
    expect(fooledBy.filter(Boolean).length).toBeGreaterThan(1);
    const joint = jointBall('l2', 0.8, { x: { range: [0, 1] }, other: { scale: 1 / 2 } });
    const both = await autoAttack(joint, { attacks: { apgd: (own) => apgd(own, { steps: 10 }) } }).search(
      classifier,
      inputs,
      right,
      { seed: 1 },
    );
    expect(both.fooledBy.filter(Boolean).length).toBeGreaterThan(2);
  });

  it('aims at targets', async () => {
    const right = predictionsOf(classifier, inputs);
    const targets = tf.tidy(() => tf.mod(tf.add(right, 1), 5)) as tf.Tensor1D;
    const attack = autoAttack({ x: { norm: 'l2', epsilon: 3 } }, { attacks: short });
    const { adversarial, fooledBy } = await attack.search(classifier, inputs, right, { targets, seed: 1 });
    const reached = values(predictionsOf(classifier, adversarial));
    expect(reached.map((y, row) => y === values(targets)[row])).toEqual(
      fooledBy.map((by) => by !== undefined),
    );
    expect(fooledBy.filter(Boolean).length).toBeGreaterThan(5);
  });

  it('reports once an attack', async () => {
    const steps: [number, number][] = [];
    const attack = autoAttack(threat, { attacks: short });
    await attack.perturb(classifier, inputs, labels, {
      seed: 1,
      onStep: ({ step, steps: all, loss, adversarial }) => {
        steps.push([step, all]);
        expect(values(loss).map((margin) => margin > 0)).toEqual(wrong(adversarial));
      },
    });
    expect(steps).toEqual([1, 2, 3, 4].map((step) => [step, 4]));
  });

  it('leaks nothing when an attack fails', async () => {
    const before = tf.memory().numTensors;
    const failing: AutoAttackMember = (own) => ({
      name: 'failing',
      threatModel: own,
      perturb: () => Promise.reject(new Error('out of order')),
    });
    const attack = autoAttack(threat, { attacks: { fgsm: (own) => fgsm(own), failing } });
    await expect(attack.perturb(classifier, inputs, labels)).rejects.toThrow('out of order');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses options and threat models that are not valid before any work', () => {
    expect(() => autoAttack(threat, { version: 'custom' as never })).toThrow(
      /autoAttack\.version: got 'custom'/,
    );
    expect(() => autoAttack(threat, { attacks: {} })).toThrow(/at least one attack/);
    expect(() => autoAttack(threat, { attacks: { clean: (own) => fgsm(own) } })).toThrow(
      /none called 'clean'/,
    );
    expect(() => autoAttack(threat, { attacks: { apgd: (own) => apgd(own, { steps: 0 }) } })).toThrow(
      /steps: got 0/,
    );
    expect(() => autoAttack({ x: { norm: 'linf', epsilon: -1 } })).toThrow(
      /^threatModel\.x\.epsilon: got -1; expected a finite number/,
    );
  });
});

describe('the versions of autoAttack', () => {
  it('have the attacks of the repository, less those that can not work', () => {
    expect(autoAttack(threat).members).toEqual(['apgd-ce', 'apgd-t', 'fab-t', 'square']);
    expect(autoAttack(threat, { version: 'plus' }).members).toEqual([
      'apgd-ce',
      'apgd-dlr',
      'fab',
      'square',
      'apgd-t',
      'fab-t',
    ]);
    expect(autoAttack(threat, { version: 'rand' }).members).toEqual(['apgd-ce', 'apgd-dlr']);
    const inL1 = autoAttack({ x: { norm: 'l1', epsilon: 1 } });
    expect(inL1.members).toEqual(['apgd-ce', 'apgd-t', 'fab-t']);
    expect(inL1.skipped.square).toMatch(/l1/);
  });

  /** Steps, runs and draws of a member, as its first step tells. */
  const sizeOf = async (member: AutoAttackMember, norm: 'linf' | 'l1', classes: number) => {
    let calls = 0;
    const counted: Classifier = (point) => {
      calls++;
      return tf.tidy(() => tf.mul(tf.sum(point.x!, 1, true), tf.range(0, classes)) as tf.Tensor2D);
    };
    const sizes: number[] = [];
    const attack = member({ x: { norm, epsilon: 0.1 } }, { classes });
    const run = attack.perturb(counted, { x: tf.ones([1, 2]) }, tf.tensor1d([0], 'int32'), {
      onStep: ({ steps, restarts }) => {
        sizes.push(steps, restarts, calls);
        throw new Error('enough');
      },
    });
    await expect(run).rejects.toThrow('enough');
    return sizes;
  };

  it('use the published numbers of steps, restarts, targets and draws', async () => {
    const standard = membersOf('standard', threat);
    expect(await sizeOf(standard['apgd-ce']!, 'linf', 12)).toEqual([100, 1, 2]);
    // One more call finds the targets.
    expect(await sizeOf(standard['apgd-t']!, 'linf', 12)).toEqual([100, 9, 3]);
    // Three classes: two targets, and a loss that is defined.
    expect(await sizeOf(standard['apgd-t']!, 'linf', 3)).toEqual([100, 2, 3]);
    const inL1 = membersOf('standard', { x: { norm: 'l1', epsilon: 1 } });
    expect(await sizeOf(inL1['apgd-ce']!, 'l1', 12)).toEqual([100, 5, 2]);
    expect(await sizeOf(inL1['apgd-t']!, 'l1', 12)).toEqual([100, 5, 3]);
    const plus = membersOf('plus', threat);
    expect(await sizeOf(plus['apgd-ce']!, 'linf', 12)).toEqual([100, 5, 2]);
    expect(await sizeOf(plus['apgd-dlr']!, 'linf', 3)).toEqual([100, 5, 2]);
    const rand = membersOf('rand', threat);
    expect(await sizeOf(rand['apgd-ce']!, 'linf', 4)).toEqual([100, 1, 40]);
    expect(await sizeOf(rand['apgd-dlr']!, 'linf', 4)).toEqual([100, 1, 40]);
  });

  it('run on two classes, end to end', async () => {
    const two = denseClassifier({ x }, 2, 3, 2);
    const right = predictionsOf(two, { x });
    const attack = autoAttack({ x: { norm: 'linf', epsilon: 0.6, range: [0, 1] } });
    const { fooledBy, adversarial } = await attack.search(two, { x }, right, { seed: 1 });
    expect(fooledBy.filter((by) => by === 'apgd-ce').length).toBeGreaterThan(8);
    expect(values(predictionsOf(two, adversarial)).map((y, row) => y !== values(right)[row])).toEqual(
      fooledBy.map((by) => by !== undefined),
    );
  });
});

describe('autoAttack on a random classifier', () => {
  // Right on all samples by its mean, but noise turns half of the single calls.
  const rows = 32;
  const clean = { x: tf.zeros([rows, 2]) };
  const right = tf.zeros([rows], 'int32') as tf.Tensor1D;
  const noisyAt = (deviation: number) => {
    let draw = 0;
    return (point: { x?: tf.Tensor }) =>
      tf.tidy(() => {
        const noise = tf.randomNormal([rows, 1], 0, deviation, 'float32', ++draw);
        const margin = tf.add(
          tf.sub(1, tf.sum(point.x!, 1, true)),
          tf.slice(noise, 0, [point.x!.shape[0]!, 1]),
        );
        return tf.concat(
          [margin, tf.zerosLike(margin), tf.sub(tf.zerosLike(margin), 3), tf.sub(tf.zerosLike(margin), 4)],
          1,
        );
      });
  };
  const still = { x: { norm: 'linf' as const, epsilon: 0.01 } };

  it('judges by the mean over the draws, and reports the mean accuracy at its points', async () => {
    // One call is wrong with probability P(noise < -0.98) = 0.31; the mean of 20 with less than 0.02.
    const attack = autoAttack(still, { version: 'rand' });
    const before = tf.memory().numTensors;
    const found = await attack.search(noisyAt(2), clean, right, { seed: 1 });
    expect(tf.memory().numTensors - before).toBe(1);
    expect(found.fooledBy.filter((by) => by === 'clean').length).toBeLessThanOrEqual(2);
    expect(found.fooledBy.filter(Boolean).length).toBeLessThanOrEqual(5);
    const accuracy = found.robust.reduce((a, b) => a + b) / rows;
    // 640 calls with probability 0.69: a standard error of 0.02, three of which are allowed.
    expect(Math.abs(accuracy - 0.69)).toBeLessThan(0.06);
  }, 60_000);

  it('judges by one call with eotSamples 1', async () => {
    const attack = autoAttack(still, { attacks: { fgsm: (own) => fgsm(own) }, eotSamples: 1 });
    const { fooledBy, robust } = await attack.search(noisyAt(2), clean, right, { seed: 1 });
    expect(fooledBy.filter(Boolean).length).toBeGreaterThan(8);
    expect(robust).toEqual(fooledBy.map((by) => (by === undefined ? 1 : 0)));
  });
});

describe('progress of autoAttack', () => {
  let held: AutoAttackCheckpoint | undefined;
  let saves = 0;
  const store: AutoAttackCheckpointStore = {
    load: async () => structuredClone(held),
    save: async (progress) => {
      held = structuredClone(progress);
      saves++;
    },
  };
  beforeEach(() => {
    held = undefined;
    saves = 0;
  });
  const attacks = short;
  const plain = () => autoAttack(threat, { attacks }).search(classifier, inputs, labels, { seed: 4 });
  const comparable = ({ adversarial, ...rest }: Awaited<ReturnType<typeof plain>>) => {
    const points = { x: values(adversarial.x!), other: values(adversarial.other!) };
    tf.dispose(adversarial);
    return { ...rest, points };
  };

  it.each([1, 2, 3])('resumes after attack %i, to the same result bit for bit', async (stopAfter) => {
    const whole = comparable(await plain());
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    let done = 0;
    const attack = autoAttack(threat, { attacks, checkpoint: store });
    const stopped = attack.search(classifier, inputs, labels, {
      seed: 4,
      signal: controller.signal,
      onProgress: () => ++done === stopAfter && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(tf.memory().numTensors).toBe(before);
    expect(saves).toBe(1 + stopAfter);
    expect(held!.members.length).toBe(stopAfter);

    let calls = 0;
    const counted: Classifier = (point) => {
      calls++;
      return classifier(point);
    };
    // No seed: the one that is saved.
    const resumed = comparable(await attack.search(counted, inputs, labels));
    expect(resumed).toEqual(whole);
    expect(tf.memory().numTensors).toBe(before);
    const callsOfRest = calls;
    calls = 0;
    expect(comparable(await attack.search(counted, inputs, labels, { seed: 4 }))).toEqual(whole);
    expect(calls).toBe(1);
    expect(callsOfRest).toBeLessThan(60);
  });

  it('resumes after a stop in the middle of an attack, with the default seed', async () => {
    let calls = 0;
    const controller = new AbortController();
    const stopping: Classifier = (point) => {
      if (++calls === 10) controller.abort();
      return classifier(point);
    };
    const attack = autoAttack(threat, { attacks, checkpoint: store });
    const { signal } = controller;
    await expect(attack.search(stopping, inputs, labels, { signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const seed = held!.seed;
    expect(seed).toBe(0);
    const resumed = comparable(await attack.search(classifier, inputs, labels));
    expect(resumed.seed).toBe(seed);
    const whole = await autoAttack(threat, { attacks }).search(classifier, inputs, labels, { seed });
    expect(resumed).toEqual(comparable(whole));
  });

  it('refuses the checkpoint of another run, and names the difference', async () => {
    const attack = autoAttack(threat, { attacks, checkpoint: store });
    const before = tf.memory().numTensors;
    tf.dispose(await attack.perturb(classifier, inputs, labels, { seed: 4 }));
    const refused = async (message: RegExp, run: () => Promise<unknown>) => {
      await expect(run()).rejects.toMatchObject({
        name: 'AttackOptionsError',
        message: expect.stringMatching(message),
      });
    };
    await refused(/value for seed is '4'; expected '5'/, () =>
      attack.perturb(classifier, inputs, labels, { seed: 5 }),
    );
    await refused(/another run, whose value for the input 'other'/, () =>
      attack.perturb(classifier, { x, other: tf.tidy(() => tf.neg(other)) }, labels),
    );
    await refused(/another run, whose value for the labels/, () =>
      attack.perturb(classifier, inputs, predictionsOf(classifier, inputs)),
    );
    await refused(/another run, whose value for the targets/, () =>
      attack.perturb(classifier, inputs, labels, { targets: 'random' }),
    );
    await refused(/another run, whose value for the threat model/, () =>
      autoAttack({ x: { ...budget, epsilon: 0.2 } }, { attacks, checkpoint: store }).perturb(
        classifier,
        inputs,
        labels,
      ),
    );
    await refused(/another run, whose value for members/, () =>
      autoAttack(threat, { attacks: { fgsm: (own) => fgsm(own) }, checkpoint: store }).perturb(
        classifier,
        inputs,
        labels,
      ),
    );
    await refused(/another run, whose value for what the classifier gets wrong/, () =>
      attack.perturb((point) => tf.tidy(() => tf.reverse(classifier(point), 1)), inputs, labels),
    );
    held = { ...held!, margins: new Float32Array(3) };
    await refused(/damaged/, () => attack.perturb(classifier, inputs, labels));
    // The negated input, the two predictions.
    expect(tf.memory().numTensors - before).toBe(2);
  });
});
