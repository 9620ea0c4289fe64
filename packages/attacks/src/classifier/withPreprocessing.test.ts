import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { predictionsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { AttackInputError } from '../errors.js';
import { modalityMisalignment } from '../losses/modalityMisalignment.js';
import { bpda } from './bpda.js';
import type { Classifier, Modalities } from './classifier.js';
import { classifierOf } from './classifierOf.js';
import { withPreprocessing } from './withPreprocessing.js';

const bits = (levels: number) => (x: tf.Tensor) => tf.div(tf.round(tf.mul(x, levels)), levels);
const quantised = bits(31);
const inputs = gatedInputs(6);
const plain = classifierOf(gatedModel({ gain: 8 }));
const threat = { rgb: { norm: 'linf' as const, epsilon: 0.3, range: [0, 1] as [number, number] } };

describe('withPreprocessing', () => {
  it('equals the classifier of the transformed inputs, also when observed', () => {
    const double = (x: tf.Tensor) => tf.mul(x, 2);
    const defended = withPreprocessing(plain, { rgb: quantised, skeleton: double });
    const done = { rgb: quantised(inputs.rgb!), skeleton: double(inputs.skeleton!) };
    const before = tf.memory().numTensors;
    const logits = defended(inputs);
    expect(tf.memory().numTensors - before).toBe(1);
    expect(values(logits)).toEqual(values(plain(done)));
    const seen = defended.observe!(inputs, ['rgbLogits', 'weights']);
    const expected = plain.observe!(done, ['rgbLogits', 'weights']);
    expect(values(seen.logits)).toEqual(values(expected.logits));
    expect(values(seen.values.weights!)).toEqual(values(expected.values.weights!));
    expect(withPreprocessing((x) => plain(x), {}).observe).toBeUndefined();
    expect(() => defended({ rgb: inputs.rgb! })).toThrow(AttackInputError);
    expect(() => defended({ rgb: inputs.rgb! })).toThrow(
      /^inputs: got \['rgb'\]; expected inputs for all functions, .*; \['skeleton'\] are missing\.$/,
    );
  });

  it('stops plain pgd with a quantisation, but not with bpda', async () => {
    const [shattered, opened] = [quantised, bpda(quantised)].map((rgb) => withPreprocessing(plain, { rgb }));
    const labels = predictionsOf(shattered!, inputs);
    expect(values(predictionsOf(opened!, inputs))).toEqual(values(labels));
    const right = async (attacked: Classifier) => {
      const result = await pgd({ rgb: { ...threat.rgb, epsilon: 0.6 } }).perturb(attacked, inputs, labels);
      const predicted = values(predictionsOf(shattered!, result));
      return { result, count: predicted.filter((y, row) => y === values(labels)[row]).length };
    };
    const stopped = await right(shattered!);
    expect(values(stopped.result.rgb!)).toEqual(values(inputs.rgb!));
    expect(stopped.count).toBe(6);
    expect((await right(opened!)).count).toBeLessThanOrEqual(2);
  });

  it('runs the functions of unchanging modalities once, with and without a classifier that freezes', async () => {
    for (const classifier of [plain, Object.assign((x: Modalities) => plain(x), {})]) {
      const calls = { rgb: 0, skeleton: 0 };
      const counted = (name: keyof typeof calls) => (x: tf.Tensor) => {
        calls[name]++;
        return tf.mul(x, 0.9);
      };
      const defended = withPreprocessing(classifier, {
        rgb: counted('rgb'),
        skeleton: counted('skeleton'),
      });
      const labels = tf.tensor1d([0, 1, 2, 3, 4, 0], 'int32');
      const before = tf.memory().numTensors;
      const quick = await pgd(threat, { steps: 4 }).perturb(defended, inputs, labels);
      expect(calls).toEqual({ rgb: 4, skeleton: 1 });
      expect(tf.memory().numTensors - before).toBe(2);
      const slow = await pgd(threat, { steps: 4 }).perturb((x) => defended(x), inputs, labels);
      expect(values(quick.rgb!)).toEqual(values(slow.rgb!));
    }
  });

  it('calls random functions each time, and keeps the values that it was frozen with', () => {
    let draws = 0;
    const jitter = (x: tf.Tensor) => tf.add(x, uniform(x.shape, ++draws, [-0.1, 0.1]));
    const defended = withPreprocessing(plain, { skeleton: jitter }, { random: true });
    const before = tf.memory().numTensors;
    const frozen = defended.frozen!(inputs, ['skeleton']);
    expect(draws).toBe(0);
    const [one, two] = [values(frozen({ rgb: inputs.rgb! })), values(frozen(inputs))];
    expect(draws).toBe(2);
    expect(one).not.toEqual(two);
    draws = 0;
    expect(values(defended(inputs))).toEqual(one);
    frozen.dispose();
    frozen.dispose();
    // What remains: three results.
    expect(tf.memory().numTensors - before).toBe(3);
    expect(() => frozen(inputs)).toThrow(/got a frozen classifier that has been disposed of/);
  });

  it('gives features to losses, also when frozen', async () => {
    const defended = withPreprocessing(plain, { rgb: bpda(quantised), skeleton: (x) => tf.mul(x, 0.9) });
    const loss = modalityMisalignment({ features: { rgb: 'rgbFeatures', skeleton: 'skeletonFeatures' } });
    const labels = predictionsOf(defended, inputs);
    const before = tf.memory().numTensors;
    const quick = await pgd(threat, { loss, steps: 3 }).perturb(defended, inputs, labels);
    expect(tf.memory().numTensors - before).toBe(2);
    const unfrozen: Classifier = Object.assign((x: Modalities) => defended(x), { observe: defended.observe });
    const slow = await pgd(threat, { loss, steps: 3 }).perturb(unfrozen, inputs, labels);
    expect(values(quick.rgb!)).toEqual(values(slow.rgb!));
    expect(values(quick.rgb!)).not.toEqual(values(inputs.rgb!));
  });

  it('leaks nothing when a function or the classifier throws, and refuses unknown options', () => {
    const broken = (): tf.Tensor => {
      tf.ones([3]);
      throw new Error('broken');
    };
    const failing: Classifier = Object.assign((x: Modalities) => plain(x), { frozen: broken as never });
    const before = tf.memory().numTensors;
    expect(() => withPreprocessing(plain, {}, { rnadom: true } as never)).toThrow(
      /^withPreprocessing\.rnadom: .*; expected random\. Rename it\.$/,
    );
    expect(() => withPreprocessing(plain, { rgb: 1 as never })).toThrow(
      /^withPreprocessing\.functions\.rgb: got 1; expected a function\.$/,
    );
    expect(() => withPreprocessing(plain, { rgb: broken })(inputs)).toThrow('broken');
    expect(() => withPreprocessing(plain, { rgb: broken }).frozen!(inputs, ['rgb'])).toThrow('broken');
    expect(() => tf.tidy(() => withPreprocessing(failing, {}).frozen!(inputs, ['rgb']) as never)).toThrow(
      'broken',
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
