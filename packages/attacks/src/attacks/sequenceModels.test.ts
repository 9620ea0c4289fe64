import { values } from '@amr/testing/attacks/models';
import { useOn } from '@amr/testing/backends/useOn';
import {
  framesPresent,
  paddedSkeletons,
  sequenceModels,
  someWords,
  wordsAndPoses,
} from '@amr/testing/networks/sequenceModels';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Classifier, classifierOf, fgsm, type Modalities, pgd } from '../index.js';
import { registerGradients } from '../tensors/registerGradients.js';

const EPSILON = 0.1;
const threatModel = { skeleton: { norm: 'linf', epsilon: EPSILON } } as const;
const models: [string, () => LayersModel, () => Modalities][] = [
  ...Object.entries(sequenceModels).map(([name, build]): (typeof models)[number] => [
    name,
    build,
    () => ({ skeleton: paddedSkeletons() }),
  ]),
  [
    'an Embedding that masks, and Masking',
    wordsAndPoses,
    () => ({ words: someWords(), skeleton: paddedSkeletons() }),
  ],
];

/** Cross-entropy of each row, `[batch]`. */
function lossOf(classifier: Classifier, inputs: Modalities, labels: tf.Tensor1D): tf.Tensor1D {
  const chosen = tf.oneHot(labels, 3);
  return tf.neg(tf.sum<tf.Tensor1D>(tf.mul(tf.logSoftmax(classifier(inputs)), chosen), 1));
}

beforeAll(registerGradients);

describe.each(['cpu', 'wasm', 'onnx'] as const)('padded sequences on %s', (backend) => {
  if (backend !== 'cpu') useOn(backend);

  describe.each(models)('through %s', (name, build, makeInputs) => {
    it('have the gradients that finite differences give, and none in masked frames', () => {
      const classifier = classifierOf(build());
      const inputs = makeInputs();
      const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
      const frames = framesPresent();
      const loss = (skeleton: tf.Tensor) => lossOf(classifier, { ...inputs, skeleton }, labels);
      // Masked frames stay at 0: any other value would unmask them.
      expectSlopes((x) => loss(tf.mul(x, frames)), inputs['skeleton']!);
      const gradient = tf.grad((x) => loss(x))(inputs['skeleton']!);
      const masked = values(tf.mul(gradient, tf.sub(1, frames)));
      if (/Mask/.test(name)) expect(masked.every((slope) => slope === 0)).toBe(true);
    });

    it('are attacked by FGSM and PGD', async () => {
      const classifier = classifierOf(build());
      const inputs = makeInputs();
      const labels = tf.tidy(() => tf.argMax<tf.Tensor1D>(classifier(inputs), 1));
      const total = (at: Modalities) => values(tf.sum(lossOf(classifier, at, labels)))[0]!;
      const clean = total(inputs);
      const before = tf.memory().numTensors;
      const single = await fgsm(threatModel).perturb(classifier, inputs, labels);
      const several = await pgd(threatModel, { steps: 5 }).perturb(classifier, inputs, labels);
      expect(tf.memory().numTensors - before).toBe(2 * Object.keys(inputs).length);
      expect(total(single)).toBeGreaterThan(clean + 0.05);
      expect(total(several)).toBeGreaterThan(clean + 0.05);
      for (const { skeleton } of [single, several]) {
        const change = tf.sub(skeleton!, inputs['skeleton']!);
        // Rounded once in x + delta, to half of 2^-23 of a number below 2.
        expect(Math.max(...values(tf.abs(change)))).toBeLessThanOrEqual(EPSILON + 2 ** -23);
        // Padding that is masked stays padding.
        if (/Mask/.test(name)) {
          expect(values(tf.mul(change, tf.sub(1, framesPresent()))).every((v) => v === 0)).toBe(true);
        }
      }
    });
  });
});
