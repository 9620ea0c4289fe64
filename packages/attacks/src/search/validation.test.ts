import { denseClassifier, normal, uniform } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Attack,
  AttackInputError,
  AttackOptionsError,
  type Budget,
  fgsm,
  GradientError,
  jointBall,
  type Modalities,
  type PerturbOptions,
  pgd,
  type ThreatModel,
  ThreatModelError,
} from '../index.js';

const clean: Modalities = { rgb: uniform([3, 2, 2], 1), skeleton: normal([3, 4], 2) };
const labels = tf.tensor1d([0, 1, 2], 'int32');
const rgb: Budget = { norm: 'linf', epsilon: 0.1, range: [0, 1] };
const dense = denseClassifier(clean, 4, 3);

let calls = 0;
const counted = (inputs: Modalities) => {
  calls++;
  return dense(inputs);
};

interface Case {
  inputs?: unknown;
  labels?: unknown;
  threatModel?: ThreatModel;
  options?: PerturbOptions;
}
const ints = (...values: number[]) => tf.tensor1d(values, 'int32');

describe('before any work, perturb refuses', () => {
  beforeEach(() => {
    calls = 0;
  });

  it.each<[string, Case, new (message: string) => Error, RegExp]>([
    ['no inputs', { inputs: {} }, AttackInputError, /inputs: got no modality/],
    ['undefined inputs', { inputs: undefined }, AttackInputError, /inputs: got no modality/],
    ['an array as input', { inputs: { rgb: [1, 2] } }, AttackInputError, /inputs\.rgb: got \[1, 2\]/],
    ['a scalar input', { inputs: { rgb: tf.scalar(1) } }, AttackInputError, /first axis is the batch/],
    [
      'batch sizes that differ',
      { inputs: { ...clean, skeleton: normal([2, 4], 1) } },
      AttackInputError,
      /'rgb' \[3, 2, 2\], 'skeleton' \[2, 4\]/,
    ],
    ['an empty batch', { inputs: { rgb: tf.zeros([0, 2]) } }, AttackInputError, /batch size, 1 or more/],
    [
      'an input without entries',
      { inputs: { rgb: tf.zeros([3, 0]) } },
      AttackInputError,
      /inputs\.rgb: got the shape \[3, 0\]; expected one entry or more/,
    ],
    [
      'an integer input',
      { inputs: { rgb: tf.zeros([3, 2], 'int32') } },
      AttackInputError,
      /type int32.*tf.cast/,
    ],
    [
      'a NaN, with its sample',
      { inputs: { rgb: tf.tensor2d([[0], [0], [Number.NaN]]) } },
      AttackInputError,
      /inputs\.rgb: got NaN or infinite entries in sample 2/,
    ],
    [
      'an infinity in an input that is not attacked',
      { inputs: { rgb: clean.rgb, audio: tf.tensor1d([1, -Infinity, 2]) } },
      AttackInputError,
      /inputs\.audio: .*sample 1/,
    ],
    [
      'values above the range',
      { inputs: { rgb: tf.fill([3, 2], 255) } },
      AttackInputError,
      /from 255 to 255.*\[0, 1\]/,
    ],
    ['values below the range', { inputs: { rgb: tf.fill([3, 2], -0.01) } }, AttackInputError, /from -0.0/],
    ['labels as an array', { labels: [0, 1, 2] }, AttackInputError, /labels: got \[0, 1, 2\]/],
    [
      'labels as names',
      { labels: ['walk', 'run', 'sit'] },
      AttackInputError,
      /labels: got .*Number the classes/,
    ],
    [
      'labels as a tensor of names',
      { labels: tf.tensor1d(['walk', 'run', 'sit']) },
      AttackInputError,
      /labels: got .*Number the classes/,
    ],
    ['a tensor in place of inputs', { inputs: clean.rgb }, AttackInputError, /inputs: got .*Write \{ rgb \}/],
    ['no inputs', { inputs: null }, AttackInputError, /inputs: got no modality/],
    [
      'null as options',
      { options: null as never },
      AttackOptionsError,
      /perturb: got null; expected an object/,
    ],
    [
      'targets that are the labels',
      { options: { targets: ints(0, 2, 2) } },
      AttackInputError,
      /targets: got the label itself in sample 0, 2 of the batch; expected other classes/,
    ],
    ['onStep as a number', { options: { onStep: 3 as never } }, AttackOptionsError, /perturb\.onStep: got 3/],
    ['one-hot labels', { labels: tf.zeros([3, 4]) }, AttackInputError, /shape \[3, 4\].*shape \[3\]/],
    ['too few labels', { labels: ints(0, 1) }, AttackInputError, /shape \[2\].*shape \[3\]/],
    ['a negative label', { labels: ints(0, -1, 2) }, AttackInputError, /labels\[1\]: got -1/],
    [
      'a label that is not whole',
      { labels: tf.tensor1d([0, 1, 1.5]) },
      AttackInputError,
      /labels\[2\]: got 1.5/,
    ],
    ['a NaN label', { labels: tf.tensor1d([Number.NaN, 1, 1]) }, AttackInputError, /labels\[0\]: got NaN/],
    [
      'too many targets',
      { options: { targets: ints(0, 1, 2, 3) } },
      AttackInputError,
      /targets: got .*shape \[4\]/,
    ],
    ['a negative target', { options: { targets: ints(0, 1, -2) } }, AttackInputError, /targets\[2\]: got -2/],
    [
      'an unknown option that has a synonym',
      { options: { target: ints(0, 1, 2) } as PerturbOptions },
      AttackOptionsError,
      /perturb\.target: got an unknown option; expected targets\. Rename it/,
    ],
    [
      'a misspelt option',
      { options: { stopWhenFoold: true } as PerturbOptions },
      AttackOptionsError,
      /perturb\.stopWhenFoold: got an unknown option; expected stopWhenFooled/,
    ],
    [
      'numbers of rows that are too few',
      { options: { rows: [0, 1] } },
      AttackOptionsError,
      /perturb\.rows: got \[0, 1\]; expected a whole number from 0 for each of the 3 samples/,
    ],
    ['a seed that is not whole', { options: { seed: 0.5 } }, AttackOptionsError, /perturb\.seed: got 0.5/],
    [
      'a budget for a modality that is not there',
      { threatModel: { depth: rgb } },
      ThreatModelError,
      /threatModel\.depth: got .* expected budgets for 'rgb', 'skeleton' only/,
    ],
    [
      'the same in a joint ball',
      { threatModel: jointBall('l2', 1, { rgb: {}, depth: {} }) },
      ThreatModelError,
      /threatModel\.depth/,
    ],
    [
      'an epsilon vector of another length',
      { threatModel: { rgb: { ...rgb, epsilon: tf.tensor1d([0.1, 0.2]) } } },
      ThreatModelError,
      /threatModel\.rgb\.epsilon: got 2 values; expected one for each of the 3/,
    ],
    [
      'a negative entry of an epsilon vector',
      { threatModel: { rgb: { ...rgb, epsilon: tf.tensor1d([0.1, -0.5, 0]) } } },
      ThreatModelError,
      /threatModel\.rgb\.epsilon: got -0.5 for sample 1/,
    ],
    [
      'a mask that does not fit',
      { threatModel: { rgb: { ...rgb, mask: tf.ones([3, 2, 3]) } } },
      ThreatModelError,
      /^threatModel\.rgb\.mask: .*\[3, 2, 3\].*\[3, 2, 2\]/,
    ],
    [
      'a mask function that gives something else',
      { threatModel: { rgb: { ...rgb, mask: () => 1 as unknown as tf.Tensor } } },
      ThreatModelError,
      /^threatModel\.rgb\.mask: got 1; expected a tensor of the input's shape/,
    ],
    [
      'a mask with fractions',
      { threatModel: { rgb: { ...rgb, mask: tf.fill([2, 2], 0.5) } } },
      ThreatModelError,
      /threatModel\.rgb\.mask: got values other than 0 and 1/,
    ],
  ])('%s', async (_, given, type, message) => {
    const attack = pgd(given.threatModel ?? { rgb });
    const inputs = 'inputs' in given ? given.inputs : clean;
    const before = tf.memory().numTensors;
    const failure = attack.perturb(
      counted,
      inputs as Modalities,
      (given.labels ?? labels) as tf.Tensor1D,
      given.options,
    );
    await expect(failure).rejects.toThrow(type);
    await expect(failure).rejects.toThrow(message);
    expect(calls).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('at the first logits, perturb refuses', () => {
  const refusal = async (
    attack: Attack,
    classifier: unknown,
    given: tf.Tensor1D = labels,
    options?: PerturbOptions,
  ) => {
    let steps = 0;
    const before = tf.memory().numTensors;
    const failure = attack.perturb(classifier as never, clean, given, { ...options, onStep: () => steps++ });
    const message = await failure.then(
      () => 'no error',
      (error: Error) => {
        expect(error).toBeInstanceOf(AttackInputError);
        return error.message;
      },
    );
    expect(steps).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
    return message;
  };
  const attack = fgsm({ rgb });

  it('labels and targets beyond the classes', async () => {
    expect(await refusal(attack, dense, ints(0, 4, 1))).toMatch(
      /labels: got the class 4.*from 0 to 3.*4 logits/,
    );
    expect(await refusal(attack, dense, labels, { targets: ints(1, 2, 7) })).toMatch(
      /targets: got the class 7/,
    );
  });

  it('outputs that are not logits', async () => {
    const shaped = (shape: number[]) => (x: Modalities) =>
      tf.tidy(() => tf.mul(tf.sum(x.rgb!), tf.ones(shape)));
    expect(await refusal(attack, shaped([3, 2, 4]))).toMatch(
      /shape \[3, 2, 4\]; expected logits of shape \[3, classes\]/,
    );
    expect(await refusal(attack, shaped([2, 4]))).toMatch(/shape \[2, 4\]/);
    expect(await refusal(attack, shaped([3, 1]))).toMatch(/two classes or more/);
    expect(await refusal(attack, () => undefined)).toMatch(/classifier: got undefined/);
  });

  it('a loss that does not fit, and dlr with three classes', async () => {
    const three = denseClassifier(clean, 3, 1);
    expect(await refusal(fgsm({ rgb }, { loss: 'dlr' }), three)).toMatch(/four classes or more/);
    const mean = (z: tf.Tensor2D) => tf.mean(z) as unknown as tf.Tensor1D;
    expect(await refusal(fgsm({ rgb }, { loss: mean }), dense)).toMatch(/one value per sample/);
  });

  it('modalities that the logits do not depend on', async () => {
    const deaf = denseClassifier({ rgb: clean.rgb! }, 4, 3);
    const both = fgsm({ rgb, skeleton: { norm: 'l2', epsilon: 1 } });
    expect(await refusal(both, deaf)).toMatch(/loss: got no gradient for 'skeleton'/);
  });
});

describe('a classifier that throws, or has no gradient', () => {
  it.each([
    ['with its own error', () => tf.tensor1d([1, 2]), /shape/],
    [
      'because an operation has no gradient',
      (h: tf.Tensor) => tf.einsum('ij,jk->ik', h, tf.eye(4)),
      /einsum|gradient/i,
    ],
  ])('ends the attack %s, and leaks nothing', async (_, then, message) => {
    const classifier = (x: Modalities) =>
      tf.tidy(() => {
        const hidden = tf.tanh(dense(x));
        return tf.mul(hidden, tf.reshape(then(hidden), [3, 4])) as tf.Tensor2D;
      });
    const before = tf.memory().numTensors;
    await expect(pgd({ rgb }).perturb(classifier, clean, labels)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a gradient that is not finite', () => {
  let before: number;
  beforeEach(() => {
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is an error that names the modality and the step', async () => {
    const weights = tf.ones([4, 4]) as tf.Tensor2D;
    // The root of 0 has an infinite slope.
    const kinked = (x: Modalities) =>
      tf.tidy(() =>
        tf.add(dense(x), tf.matMul(tf.sqrt(tf.relu(tf.sub(tf.reshape(x.skeleton!, [-1, 4]), 10))), weights)),
      ) as tf.Tensor2D;
    const attack = pgd({ rgb, skeleton: { norm: 'linf', epsilon: 0.1 } }, { steps: 3 });
    const failure = attack.perturb(kinked, clean, labels);
    await expect(failure).rejects.toThrow(GradientError);
    await expect(failure).rejects.toThrow(
      /gradient of 'skeleton': got NaN or infinite entries in sample 0, 1, 2 of the batch, first in step 1 of restart 1/,
    );
    weights.dispose();
  });

  it('is not raised by a masked entry', async () => {
    const mask = tf.tensor2d([[1, 1, 1, 0]]);
    const weights = tf.ones([4, 4]) as tf.Tensor2D;
    const x = tf.tensor2d([[1, 2, 3, 0]]);
    const label = ints(0);
    const root = (inputs: Modalities) => tf.tidy(() => tf.matMul(tf.sqrt(inputs.x!), weights)) as tf.Tensor2D;
    const attack = pgd({ x: { norm: 'l2', epsilon: 0.1, mask, range: [0, 9] } });
    const { x: moved } = await attack.perturb(root, { x }, label);
    expect(Array.from(moved!.dataSync()).every(Number.isFinite)).toBe(true);
    tf.dispose([mask, weights, x, label, moved!]);
  });
});

describe('options', () => {
  it.each<[Parameters<typeof pgd>[1], RegExp]>([
    [{ steps: 0 }, /steps: got 0/],
    [{ steps: 2.5 }, /steps: got 2.5/],
    [{ steps: Number.NaN }, /steps: got NaN/],
    [{ restarts: 0 }, /restarts: got 0/],
    [{ restarts: 2, randomStart: false }, /restarts: got 2; expected 1 where randomStart is false/],
    [{ momentum: -1 }, /momentum: got -1/],
    [{ loss: 'hinge' as never }, /^pgd\.loss: got 'hinge'; expected 'cross-entropy', 'cw'/],
  ])('of pgd are checked when it is made: %o', (options, message) => {
    expect(() => pgd({ rgb }, options)).toThrow(AttackOptionsError);
    expect(() => pgd({ rgb }, options)).toThrow(message);
  });
});
