import { useBackend } from '@amr/backend';
import '@tensorflow/tfjs-backend-wasm';
import { twoInputGraph, twoInputLogits } from '@amr/testing/attacks/graphModels';
import { normal, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AttackInputError, type Classifier, classifierOf, logitsOf, pgd } from '../index.js';
import { registerGradients } from '../tensors/registerGradients.js';

const inputs = () => ({ rgb: uniform([5, 6, 6, 2], 1), skeleton: normal([5, 5], 2) });
const threatModel = { skeleton: { norm: 'l2', epsilon: 0.5 } } as const;

/** A Sequential in a Sequential that ends in a softmax. */
function sequentials(): tfl.Sequential {
  const seeded = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotNormal({ seed }) });
  const features = tfl.sequential();
  features.add(
    tfl.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [6, 6, 2], name: 'conv', ...seeded(1) }),
  );
  features.add(tfl.layers.flatten());
  const head = tfl.sequential();
  head.add(
    tfl.layers.dense({ units: 3, activation: 'softmax', inputShape: [64], name: 'head', ...seeded(2) }),
  );
  const model = tfl.sequential();
  model.add(features);
  model.add(head);
  return model;
}

/** A classifier's logits, and its input gradients when they are squared and added up. */
function logitsAndGradients(classifier: Classifier, given: { [name: string]: tf.Tensor }): number[] {
  const names = Object.keys(given);
  const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) =>
    tf.sum(tf.square(classifier(Object.fromEntries(names.map((name, i) => [name, xs[i]!]))))),
  )(names.map((name) => given[name]!));
  return [value, ...grads].flatMap(values);
}

describe.each(['wasm', 'onnx'] as const)('on the backend %s', (backend) => {
  let missing = '';
  // wasm as it ships; onnx needs an optional package.
  beforeAll(async () => {
    await registerGradients();
    if (backend === 'wasm') return;
    missing = await useBackend({ backend }).then(
      () => '',
      (error: Error) => error.message,
    );
    // Nothing is too small for it here.
    if (!missing) tf.env().set('ONNX_CPU_FORWARD', false);
  });
  beforeEach(async ({ skip }) => {
    skip(missing !== '', missing);
    await tf.setBackend(backend);
    await tf.ready();
  });
  afterAll(() => tf.setBackend('cpu'));

  it('a GraphModel gives the logits and gradients of its operations', async () => {
    const classifier = classifierOf(await twoInputGraph('softmax'));
    const expected = logitsAndGradients((given) => twoInputLogits(given), inputs());
    logitsAndGradients(classifier, inputs()).forEach((value, i) => {
      // The same operations, which a backend may fuse in another way.
      expect(value).toBeCloseTo(expected[i]!, 3);
    });
    const labels = tf.zeros([5], 'int32') as tf.Tensor1D;
    const given = inputs();
    const before = tf.memory().numTensors;
    const found = await pgd(threatModel, { steps: 3 }).perturb(classifier, given, labels);
    expect(values(found.skeleton!)).not.toEqual(values(given.skeleton));
    expect(tf.memory().numTensors).toBe(before + 2);
  });

  it('a softmax is left out of Sequentials, and probabilities are refused', async () => {
    const model = sequentials();
    const classifier = classifierOf(model, { inputs: ['rgb'] });
    const { rgb } = inputs();
    const z = values(classifier({ rgb }));
    const { model: logits } = logitsOf(model);
    values(logits.predict(rgb) as tf.Tensor).forEach((value, i) => {
      expect(value).toBeCloseTo(z[i]!, 4);
    });
    values(tf.softmax(classifier({ rgb }))).forEach((p, i) => {
      expect(p).toBeCloseTo(values(model.predict(rgb) as tf.Tensor)[i]!, 4);
    });
    const labels = tf.zeros([5], 'int32') as tf.Tensor1D;
    const attack = pgd({ rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] } }, { steps: 3 });
    await attack.perturb(classifier, { rgb }, labels);
    const soft: Classifier = (given) => tf.softmax(classifier(given));
    await expect(attack.perturb(soft, { rgb }, labels)).rejects.toThrow(AttackInputError);
  });
});
