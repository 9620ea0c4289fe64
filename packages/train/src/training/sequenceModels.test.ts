import { fgsm } from '@amr/attacks';
import { useOn } from '@amr/testing/backends/useOn';
import {
  paddedSkeletons,
  sequenceModels,
  someWords,
  wordsAndPoses,
} from '@amr/testing/networks/sequenceModels';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { AdversarialTrainer, type Dataset } from '../index.js';

const LABELS = [0, 1, 2, 0];
const RATE = 0.01;

/** Four padded sequences, with or without words. */
function samples(withWords: boolean): Dataset {
  const ids = LABELS.map((_, i) => `s${i}`);
  const skeleton = { shape: [6, 5], unit: 'metres' };
  return {
    size: 4,
    ids,
    classes: ['a', 'b', 'c'],
    modalities: withWords ? { words: { shape: [3], unit: 'index' }, skeleton } : { skeleton },
    async *batches() {
      const inputs = { ...(withWords && { words: someWords() }), skeleton: paddedSkeletons() };
      yield { ids, inputs, labels: tf.tensor1d(LABELS, 'int32') };
    },
    subset: () => samples(withWords),
  };
}

/** Mean cross-entropy on the samples. */
function lossOf(model: LayersModel, withWords: boolean): number {
  return tf.tidy(() => {
    const given = withWords ? [someWords(), paddedSkeletons()] : paddedSkeletons();
    const chosen = tf.oneHot(tf.tensor1d(LABELS, 'int32'), 3);
    const rows = tf.sum(tf.mul(tf.logSoftmax(model.predict(given) as tf.Tensor), chosen), 1);
    return -tf.mean(rows).dataSync()[0]!;
  });
}

const models: [string, () => LayersModel, boolean][] = [
  ...Object.entries(sequenceModels).map(([name, build]): (typeof models)[number] => [name, build, false]),
  ['an Embedding that masks, and Masking', wordsAndPoses, true],
];

describe.each(['cpu', 'wasm', 'onnx'] as const)('training on padded sequences on %s', (backend) => {
  if (backend !== 'cpu') useOn(backend);

  it.each(models)(
    'steps along the gradient that finite differences give: %s',
    async (_, build, withWords) => {
      const model = build();
      const before = model.getWeights().map((weight) => tf.clone(weight));
      const optimizer = tf.train.sgd(RATE);
      const trainer = new AdversarialTrainer({
        model,
        objective: 'cross-entropy',
        optimizer,
        batchSize: 4,
        seed: 1,
      });
      await trainer.fit(samples(withWords), { epochs: 1 });
      const gradient = model.getWeights().map((weight, i) => tf.div(tf.sub(before[i]!, weight), RATE));
      const squares = gradient.map((g) => tf.sum(tf.square(g)).dataSync()[0]!);
      const length = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      // The loss changes along the unit gradient at a rate of its length.
      const at = (t: number) => {
        model.setWeights(before.map((weight, i) => tf.add(weight, tf.mul(gradient[i]!, t / length))));
        return lossOf(model, withWords);
      };
      const difference = (at(0.01) - at(-0.01)) / 0.02;
      expect(length).toBeGreaterThan(0.05);
      // Rounding is 1e-7 / 0.01 of the loss, and 1e-7 / RATE of weights near 1; the rest is the third derivative.
      expect(difference / length).toBeCloseTo(1, 2);
    },
  );

  it('trains on adversarial examples', async () => {
    const model = sequenceModels['Masking and LSTM']!();
    const trainer = new AdversarialTrainer({
      model,
      objective: 'cross-entropy',
      optimizer: tf.train.adam(0.05),
      attack: fgsm({ skeleton: { norm: 'linf', epsilon: 0.05 } }),
      batchSize: 4,
      seed: 1,
    });
    const { history } = await trainer.fit(samples(false), { epochs: 8 });
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss - 0.1);
  });
});
