import { uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { classifierOf, type ObservedLoss, pgd } from '../../index.js';
import { GradientProbe } from './gradientProbe.js';

const a = input({ shape: [3], name: 'a' });
const b = input({ shape: [2], name: 'b' });
const dense = (units: number, name: string, x: SymbolicTensor) =>
  layers.dense({ units, name }).apply(x) as SymbolicTensor;
const joined = layers
  .concatenate()
  .apply([layers.reLU().apply(dense(4, 'ofA', a)), dense(4, 'ofB', b)] as SymbolicTensor[]) as SymbolicTensor;
const classifier = classifierOf(model({ inputs: [a, b], outputs: dense(3, 'logits', joined) }));
const inputs = { a: uniform([4, 3], 1), b: uniform([4, 2], 2) };
const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
const threat = { a: { norm: 'linf', epsilon: 0.1 } } as const;
const blind: ObservedLoss = {
  name: 'blind in rows 1 and 3',
  observed: ['ofA'],
  compute: ({ observed }) => tf.mul(tf.sum(observed['ofA']!, 1), tf.tensor1d([1, 0, 1, 0])),
};

describe('GradientProbe', () => {
  it('changes neither logits, frozen and observed values of the classifier nor the result of an attack', async () => {
    const probe = new GradientProbe(classifier, ['a', 'b'], 4);
    expect(values(probe.classifier(inputs))).toEqual(values(classifier(inputs)));
    const seen = probe.classifier.observe!(inputs, ['ofA']);
    expect(values(seen.values['ofA']!)).toEqual(values(classifier.observe!(inputs, ['ofA']).values['ofA']!));
    for (const loss of ['cross-entropy', blind] as const) {
      const attack = pgd(threat, { steps: 3, loss });
      const found = await attack.perturb(probe.classifier, inputs, labels);
      expect(values(found.a!)).toEqual(values((await attack.perturb(classifier, inputs, labels)).a!));
    }
    expect(Object.keys(new GradientProbe(({ a: x }) => x as tf.Tensor2D, [], 4).classifier)).toEqual([]);
    probe.dispose();
  });

  it('records the samples without a gradient in the first pass, through frozen classifiers and observed values', async () => {
    const before = tf.memory().numTensors;
    const probe = new GradientProbe(classifier, ['a', 'b'], 4);
    expect(await probe.flat()).toEqual({});
    const found = await pgd(threat, { steps: 3, loss: blind }).perturb(probe.classifier, inputs, labels);
    expect(await probe.flat()).toEqual({ a: [1, 3] });
    // Later passes don't count, nor those over a part of the batch.
    const again = await pgd(threat, { steps: 1 }).perturb(probe.classifier, inputs, labels);
    expect(await probe.flat()).toEqual({ a: [1, 3] });
    probe.dispose();
    tf.dispose([found, again]);
    const larger = new GradientProbe(classifier, ['a'], 5);
    const none = await pgd(threat, { steps: 1 }).perturb(larger.classifier, inputs, labels);
    expect(await larger.flat()).toEqual({});
    larger.dispose();
    tf.dispose(none);
    expect(tf.memory().numTensors).toBe(before);
  });
});
