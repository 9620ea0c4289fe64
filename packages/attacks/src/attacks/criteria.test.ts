/*
 * Success that is not argmax, in every attack that judges success: the k largest logits, several labels of a sample, and
 * real numbers to predict.
 */
import { denseClassifier, normal, predictionsOf, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  AttackInputError,
  AttackOptionsError,
  apgd,
  autoAttack,
  type Classifier,
  cw,
  deepfool,
  fab,
  greedySplit,
  type LossFunction,
  minimalEpsilon,
  noise,
  type PerturbOptions,
  pgd,
  robustnessCurve,
  square,
  type ThreatModel,
  worstCase,
} from '../index.js';

const x = uniform([8, 6], 1);
const other = uniform([8, 2], 2);
const inputs = { x, other };
const network = denseClassifier(inputs, 5, 3, 2);
const labels = predictionsOf(network, inputs);

/** The place of each row's label in the order of falling logits, from 0. */
const places = (point: typeof inputs) =>
  rowsOf(tf.tidy(() => network(point))).map(
    (z, row) => z.filter((value) => value > z[values(labels)[row]!]!).length,
  );

const attacks: { [name: string]: (threatModel: ThreatModel, loss?: LossFunction) => Attack } = {
  pgd: (own, loss = undefined) =>
    pgd(own, { steps: 40, randomStart: true, restarts: 3, ...(loss ? { loss } : { loss: 'cw' }) }),
  apgd: (own, loss) => apgd(own, { steps: 40, restarts: 2, loss: loss ?? 'cw' }),
  cw: (own, loss) => cw(own, { steps: 60, binarySearchSteps: 6, learningRate: 0.05, ...(loss && { loss }) }),
  deepfool: (own, loss) => deepfool(own, { ...(loss && { loss }) }),
  fab: (own, loss) => fab(own, { steps: 30, ...(loss && { loss }) }),
  square: (own, loss) => square(own, { queries: 300, restarts: 2, loss: loss ?? 'cw' }),
  noise: (own, loss) => noise(own, { repeats: 200, loss: loss ?? 'cw' }),
  autoAttack: (own, loss) =>
    autoAttack(
      own,
      loss
        ? { loss }
        : { attacks: { apgd: (model) => apgd(model, { loss: 'cw' }), fab: (model) => fab(model) } },
    ),
  worstCase: (own, loss) =>
    worstCase({ one: own }, { attack: (model) => pgd(model, { loss: loss ?? 'cw' }) }),
};

describe.each(Object.entries(attacks))('%s', (name, make) => {
  // Only a wide ball holds uniform draws that reach the goal.
  const epsilon = name === 'noise' ? 6 : 3;
  const budget: ThreatModel = { x: { norm: 'l2', epsilon } };

  it.each([false, true])(
    'brings the label out of the two largest logits, early stopping %s',
    async (stopWhenFooled) => {
      const options: PerturbOptions = { criterion: { topK: 2 }, seed: 1, stopWhenFooled };
      const before = tf.memory().numTensors;
      const result = await make(budget).perturb(network, inputs, labels, options);
      expect(tf.memory().numTensors - before).toBe(2);
      const out = places(result as typeof inputs).filter((place) => place >= 2).length;
      expect(out).toBeGreaterThanOrEqual(name === 'noise' ? 3 : 7);
      tf.dispose(result);
    },
  );

  it('brings a predicted number beyond a tolerance', async () => {
    const weights = normal([6, 3], 5) as tf.Tensor2D;
    const model: Classifier = ({ x }) => tf.tidy(() => tf.tanh(tf.matMul(x!, weights)));
    const numbers = model(inputs);
    const distance = (outputs: tf.Tensor, wanted: tf.Tensor): tf.Tensor1D =>
      tf.sub(tf.sqrt(tf.add(tf.sum(tf.square(tf.sub(outputs, wanted)), 1), 1e-6)), 0.5);
    const options: PerturbOptions = {
      criterion: (outputs: tf.Tensor, wanted: tf.Tensor) => tf.greater(distance(outputs, wanted), 0),
      seed: 1,
    };
    // A little off the start, where the distance has no direction.
    const wanted = tf.tidy(() => tf.add(numbers, 0.05));
    const before = tf.memory().numTensors;
    const result = await make(budget, distance).perturb(model, inputs, wanted, options);
    expect(tf.memory().numTensors - before).toBe(2);
    const beyond = values(tf.tidy(() => distance(model(result), wanted))).map((d) => d > 0);
    expect(beyond.filter(Boolean).length).toBeGreaterThanOrEqual(name === 'noise' ? 4 : 7);
    expect(values(result.other!)).toEqual(values(other));
    tf.dispose([result, numbers, wanted, weights]);
  });

  it('turns two of three yes-or-no answers', async () => {
    const weights = normal([6, 3], 6, 2) as tf.Tensor2D;
    const model: Classifier = ({ x }) => tf.tidy(() => tf.matMul(tf.sub(x!, 0.5), weights));
    const answers = tf.tidy(() => tf.cast(tf.greater(model(inputs), 0), 'float32'));
    // The second-smallest of the three margins: above 0 where two answers are wrong.
    const second: LossFunction = (outputs: tf.Tensor, given: tf.Tensor) => {
      const [a, b, c] = tf.unstack(tf.mul(outputs, tf.sub(1, tf.mul(2, given))), 1) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      return tf.maximum(tf.minimum(a, b), tf.minimum(tf.maximum(a, b), c)) as tf.Tensor1D;
    };
    const options: PerturbOptions = {
      criterion: (outputs, given) => tf.greater(second(outputs, given), 0),
      seed: 1,
    };
    const result = await make(budget, second).perturb(model, inputs, answers, options);
    const turned = rowsOf(
      tf.tidy(() => tf.abs(tf.sub(tf.cast(tf.greater(model(result), 0), 'float32'), answers))),
    );
    const done = turned.filter((row) => row.reduce((a, b) => a + b) >= 2).length;
    expect(done).toBeGreaterThanOrEqual(name === 'noise' ? 4 : 7);
    tf.dispose([result, answers, weights]);
  });
});

describe('searches over budgets', () => {
  const weights = tf.tensor2d([[1], [0]]);
  const model: Classifier = ({ x }) => tf.tidy(() => tf.matMul(x!, weights));
  const points = {
    x: tf.tensor2d([
      [0, 0],
      [1, 0],
      [-1, 0],
    ]),
  };
  // A little off the outputs, where the error has a slope.
  const wanted = tf.tensor2d([[0.01], [0.9], [-0.99]]);
  const error = (outputs: tf.Tensor, given: tf.Tensor): tf.Tensor1D =>
    tf.sum(tf.abs(tf.sub(outputs, given)), 1);
  const options = {
    threatModel: { x: { norm: 'linf' as const, epsilon: 1 } },
    attack: (own: ThreatModel) => pgd(own, { steps: 10, loss: error }),
    criterion: (outputs: tf.Tensor, given: tf.Tensor) => tf.greater(error(outputs, given), 0.5),
    seed: 1,
  };

  it('find the smallest change of a predicted number that counts', async () => {
    const { scale } = await minimalEpsilon(model, points, wanted, { ...options, steps: 12 });
    // The error at the start is 0.01, 0.1 and 0.01, and a change of d changes the output by d.
    const found = values(scale);
    [0.49, 0.4, 0.49].forEach((least, row) => {
      expect(found[row]).toBeGreaterThanOrEqual(least - 1e-6);
      expect(found[row]).toBeLessThan(least + 0.02);
    });
  });

  it('draw a curve of predicted numbers', async () => {
    const { accuracy } = await robustnessCurve(model, points, wanted, { ...options, scales: [0, 0.45, 0.6] });
    expect(accuracy).toEqual([1, 2 / 3, 0]);
  });

  it('split a budget', async () => {
    const two: Classifier = ({ x, y }) =>
      tf.tidy(() => tf.add(tf.matMul(x!, weights), tf.matMul(y!, weights)));
    const split = greedySplit(
      { x: { norm: 'linf', epsilon: 0.3 }, y: { norm: 'linf', epsilon: 0.3 } },
      { total: 2, parts: 4, attack: (own) => pgd(own, { steps: 10, loss: error }) },
    );
    const given = { x: points.x, y: tf.zeros([3, 2]) };
    const found = await split.search(two, given, wanted, { criterion: options.criterion, seed: 1 });
    expect(found.fooled).toEqual([true, true, true]);
  });
});

describe('a criterion', () => {
  const threatModel: ThreatModel = { x: { norm: 'l2', epsilon: 3 } };

  it('counts equal logits in the order of their classes, as tf.argMax does', async () => {
    const tied: Classifier = ({ x }) => tf.tidy(() => tf.mul(tf.ones([x!.shape[0]!, 4]), tf.sum(x!)));
    const one = { x: tf.tensor2d([[1], [1], [1], [1]]) };
    for (const [topK, fooled] of [
      [1, [false, true, true, true]],
      [2, [false, false, true, true]],
      [3, [false, false, false, true]],
    ] as const) {
      const attack = worstCase(
        { still: { x: { norm: 'linf', epsilon: 0 } } },
        { attack: (own) => noise(own) },
      );
      const found = await attack.search(tied, one, tf.tensor1d([0, 1, 2, 3], 'int32'), {
        criterion: { topK },
      });
      expect(found.fooled).toEqual(fooled);
    }
  });

  it('{ topK } with targets is met when the target is among the largest logits', async () => {
    const result = await pgd(threatModel, { steps: 40 }).perturb(network, inputs, labels, {
      targets: 'least-likely',
      criterion: { topK: 2 },
      stopWhenFooled: true,
    });
    const targets = tf.tidy(() => tf.argMin(network(inputs), 1));
    const reached = rowsOf(network(result)).map(
      (z, row) => z.filter((value) => value > z[values(targets)[row]!]!).length < 2,
    );
    expect(reached.filter(Boolean).length).toBeGreaterThanOrEqual(7);
  });

  it("'misclassified' with targets stops at any wrong class on the way", async () => {
    const run = async (criterion: 'misclassified' | 'targeted') => {
      const attack = cw(
        { x: { norm: 'l2', epsilon: Infinity } },
        { steps: 60, binarySearchSteps: 6, learningRate: 0.05 },
      );
      const result = await attack.perturb(network, inputs, labels, { targets: 'least-likely', criterion });
      const sizes = rowsOf(tf.sub(result.x!, x)).map((row) => Math.hypot(...row));
      return { predicted: values(predictionsOf(network, result)), sizes };
    };
    const [any, target] = [await run('misclassified'), await run('targeted')];
    const clean = values(labels);
    expect(any.predicted.every((y, row) => y !== clean[row])).toBe(true);
    const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b);
    expect(sum(any.sizes)).toBeLessThan(sum(target.sizes));
  });

  it.each([
    [
      "'targeted' without targets",
      'targeted',
      AttackOptionsError,
      /perturb\.criterion: got 'targeted'; expected targets as well/,
    ],
    [
      'an unknown name',
      'wrong',
      AttackOptionsError,
      /perturb\.criterion: got 'wrong'; expected 'misclassified'/,
    ],
    ['null', null, AttackOptionsError, /perturb\.criterion: got null/],
    [
      'a misspelt topK',
      { topk: 2 },
      AttackOptionsError,
      /criterion\.topk: got an unknown option; expected topK/,
    ],
    ['topK 0', { topK: 0 }, AttackOptionsError, /criterion\.topK: got 0/],
    ['topK of all classes', { topK: 5 }, AttackInputError, /more than 5 classes/],
    ['a function that returns one value', () => tf.scalar(1), AttackInputError, /The criterion.*shape \[8\]/],
  ])('refuses %s', async (_, criterion, type, message) => {
    const before = tf.memory().numTensors;
    const options = { criterion, stopWhenFooled: true } as PerturbOptions;
    const attempt = pgd(threatModel, { loss: 'cw' }).perturb(network, inputs, labels, options);
    await expect(attempt).rejects.toThrow(type);
    await expect(attempt).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of one label per sample needs class labels, and says what other labels need', async () => {
    await expect(pgd(threatModel).perturb(network, inputs, tf.zeros([8, 5]))).rejects.toThrow(
      /labels: got .*tf\.argMax\(labels, 1\).*a loss and perturb a criterion that are functions/,
    );
  });
});
