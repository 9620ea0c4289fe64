import { classifierOf, type Modalities, pgd } from '@amr/attacks';
import { values } from '@amr/testing/attacks/models';
import { useOn } from '@amr/testing/backends/useOn';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { basicPitch } from './installedModels.js';

const RATE = 22050;
const LENGTH = 43844;
/** MIDI note 69 is the 49th of 88 keys. */
const A4 = 48;

/** Two seconds of the note A4, with two overtones. */
const note = (): tf.Tensor =>
  tf.tidy(() => {
    const time = tf.mul(tf.range(0, LENGTH), (2 * Math.PI * 440) / RATE);
    const tones = [1, 2, 3].map((n) => tf.mul(tf.sin(tf.mul(time, n)), 0.3 / n));
    return tf.reshape(tf.addN(tones), [1, LENGTH, 1]);
  });

describe('Basic Pitch, which transcribes music, as a GraphModel', () => {
  useOn('onnx');

  it('no longer hears a note after an attack on the sound', async () => {
    const model = await basicPitch();
    // The note's output; the other two are where notes begin, and contours.
    const classifier = classifierOf(model, { inputs: ['sound'], output: 'Identity_1', multiLabel: true });
    const inputs: Modalities = { sound: note() };
    const logits = classifier(inputs);
    expect(logits.shape).toEqual([1, 172, 88]);
    const probabilities = model.execute({ input_2: inputs.sound! }, 'Identity_1') as tf.Tensor;
    // Float32 in another order of sums, on probabilities.
    expect(values(tf.max(tf.abs(tf.sub(tf.sigmoid(logits), probabilities))))[0]).toBeLessThan(1e-5);
    /** Mean logit of the key over the time in the middle, where the note is steady. */
    const heard = (z: tf.Tensor) => tf.mean(tf.slice(z, [0, 40, A4], [-1, 92, 1]), [1, 2]) as tf.Tensor1D;
    expect(values(heard(logits))[0]).toBeGreaterThan(0);

    const attack = pgd(
      { sound: { norm: 'linf', epsilon: 0.03, range: [-1, 1] } },
      { steps: 6, loss: (z) => tf.neg(heard(z)) },
    );
    const labels = tf.tensor2d([[A4]]);
    const criterion = (z: tf.Tensor) => tf.less(heard(z), 0) as tf.Tensor1D;
    const { sound } = await attack.perturb(classifier, inputs, labels, { criterion });
    expect(values(heard(classifier({ sound: sound! })))[0]).toBeLessThan(0);
    // One rounding of values up to 1 in float32.
    expect(values(tf.max(tf.abs(tf.sub(sound!, inputs.sound!))))[0]).toBeLessThan(0.03 + 1e-7);
  });
});
