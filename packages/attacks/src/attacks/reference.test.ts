import { readFileSync } from 'node:fs';
import { values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Budget, bim, type Classifier, fgsm, mifgsm, pgd } from '../index.js';

/** What test-data/reference.py wrote. */
interface Case {
  network: 'Dense' | 'Convolutional';
  shape: number[];
  weights: { [name: string]: { shape: number[]; values: number[] } };
  x: number[];
  labels: number[];
  logits: number[];
  runs: {
    attack: 'fgsm' | 'bim' | 'mifgsm' | 'pgd';
    norm: 'linf' | 'l2';
    epsilon: number;
    step: number;
    steps: number;
    decay: number;
    result: number[];
  }[];
}
const file = new URL('../../test-data/reference.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

const networks: Record<Case['network'], (w: { [name: string]: tf.Tensor }) => Classifier> = {
  Dense: ({ w1, b1, w2, b2 }) => {
    return ({ x }) =>
      tf.tidy(() => {
        const hidden = tf.tanh(tf.add(tf.matMul(tf.reshape(x!, [-1, 12]), w1!), b1!));
        return tf.add(tf.matMul(hidden, w2!), b2!) as tf.Tensor2D;
      });
  },
  Convolutional: ({ kernel, w }) => {
    return ({ x }) =>
      tf.tidy(() => {
        const features = tf.softplus(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, 'valid'));
        return tf.matMul(tf.mean(features, [1, 2]), w!) as tf.Tensor2D;
      });
  },
};

describe.each(cases)(
  'on the reference network $network',
  ({ network, shape, weights, x, labels, logits, runs }) => {
    const tensors = Object.entries(weights).map(([name, w]) => [name, tf.tensor(w.values, w.shape)]);
    const classifier = networks[network](Object.fromEntries(tensors));
    const input = tf.tensor(x, shape);
    const classes = tf.tensor1d(labels, 'int32');

    it('the logits are the same', () => {
      for (const [i, got] of values(classifier({ x: input })).entries())
        expect(got).toBeCloseTo(logits[i]!, 5);
    });

    it.each(runs)('$attack in $norm gives the reference to 1e-6', async (run) => {
      const { norm, epsilon, step: stepSize, steps, decay } = run;
      const budget: Budget = { norm, epsilon, stepSize, range: [0, 1] };
      const attack = {
        fgsm: () => fgsm({ x: budget }),
        bim: () => bim({ x: budget }, { steps }),
        mifgsm: () => mifgsm({ x: budget }, { steps, decay }),
        pgd: () => pgd({ x: budget }, { steps }),
      }[run.attack]();
      const result = values((await attack.perturb(classifier, { x: input }, classes)).x!);
      expect(result.length).toBe(run.result.length);
      const worst = Math.max(...result.map((value, i) => Math.abs(value - run.result[i]!)));
      expect(worst).toBeLessThan(1e-6);
      expect(result).not.toEqual(x);
    });
  },
);
