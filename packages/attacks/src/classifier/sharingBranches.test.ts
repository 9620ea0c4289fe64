import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import { predictionsOf, values } from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import { describe, expect, it } from 'vitest';
import { autoAttack } from '../attacks/autoAttack/autoAttack.js';
import { fgsm } from '../attacks/fgsm.js';
import { pgd } from '../attacks/pgd.js';
import { robustnessCurve } from '../evaluation/robustnessCurve.js';
import { takeRows } from '../tensors/takeRows.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import type { Classifier } from './classifier.js';
import { classifierOf } from './classifierOf.js';
import { shareBranches, sharingBranches } from './sharingBranches.js';

/** A gated classifier that notes the batch size of each pass through the skeleton's branch. */
function setting() {
  const model = gatedModel({ gain: 4 });
  const layer = model.getLayer('skeletonFeatures');
  const call = layer.call.bind(layer);
  const passes: number[] = [];
  layer.call = (x, kwargs) => {
    passes.push([x].flat()[0]!.shape[0]!);
    return call(x, kwargs);
  };
  const classifier = classifierOf(model);
  const inputs = gatedInputs(6);
  const labels = predictionsOf(classifier, inputs);
  passes.length = 0;
  return { classifier, inputs, labels, passes };
}

const onClips: ThreatModel = { rgb: { norm: 'linf', epsilon: 0.05 } };

describe('sharingBranches', () => {
  it('computes unchanged branches once for all attacks, with the same results as the classifier', async () => {
    const { classifier, inputs, labels, passes } = setting();
    const attacks = [fgsm(onClips), pgd(onClips, { steps: 3 }), pgd(onClips, { steps: 3, restarts: 2 })];
    const expected = [];
    for (const attack of attacks) {
      expected.push(values((await attack.perturb(classifier, inputs, labels, { seed: 1 })).rgb!));
    }
    expect(passes).toEqual([6, 6, 6]);
    passes.length = 0;
    const before = tf.memory().numTensors;
    const sharing = sharingBranches(classifier);
    for (const [i, attack] of attacks.entries()) {
      const result = await attack.perturb(sharing, inputs, labels, { seed: 1, stopWhenFooled: false });
      expect(values(result.rgb!)).toEqual(expected[i]);
      tf.dispose(result);
    }
    expect(passes).toEqual([6]);
    sharing.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(values(sharing(inputs))).toEqual(values(classifier(inputs)));
  });

  it('computes again for other modalities and other tensors', () => {
    const { classifier, inputs, passes } = setting();
    const sharing = sharingBranches(classifier);
    const others = gatedInputs(6, 5);
    tf.tidy(() => {
      const ours = sharing.frozen!(inputs, ['skeleton']);
      const theirs = sharing.frozen!(others, ['skeleton']);
      expect(values(ours(inputs))).toEqual(values(classifier(inputs)));
      expect(values(theirs(others))).toEqual(values(classifier(others)));
      expect(values(theirs(others))).not.toEqual(values(ours(inputs)));
      passes.length = 0;
      expect(values(sharing.frozen!(inputs, ['rgb'])(inputs))).toEqual(values(classifier(inputs)));
      expect(passes).toEqual([6, 6]);
    });
    const frozen = sharing.frozen!(inputs, ['skeleton']);
    frozen.dispose();
    expect(frozen(inputs).shape).toEqual([6, 5]);
    sharing.dispose();
    expect(() => frozen(inputs)).toThrow(/got a frozen classifier that has been disposed of/);
  });

  it('shares nothing for a classifier without frozen', () => {
    const plain: Classifier = ({ x }) => tf.clone(x!) as tf.Tensor2D;
    expect(sharingBranches(plain).frozen).toBeUndefined();
    expect(sharingBranches(plain).observe).toBeUndefined();
  });
});

describe('attacks on parts of a batch', () => {
  it('share one pass through the unchanged branch: ensembles', async () => {
    const { classifier, inputs, labels, passes } = setting();
    // One row is wrong from the start, so that all members see a part.
    const wrong = tf.tidy(
      () => tf.concat([tf.sub(4, tf.slice(labels, 0, 1)), tf.slice(labels, 1)]) as tf.Tensor1D,
    );
    const attack = autoAttack(onClips, {
      attacks: { fgsm: (own) => fgsm(own), pgd: (own) => pgd(own, { steps: 4 }) },
    });
    const before = tf.memory().numTensors;
    const { adversarial, members } = await attack.search(classifier, inputs, wrong, { seed: 1 });
    tf.dispose(adversarial);
    expect(tf.memory().numTensors).toBe(before);
    const tried = members.map((member) => member.tried);
    expect(tried[0]).toBe(5);
    // The clean batch, the branch, and a judgement after each member.
    expect(passes).toEqual([6, 6, ...tried.filter((rows) => rows > 0)]);
  });

  it('compute the branch for a few rows alone, unless the whole is known', () => {
    const { classifier, inputs, passes } = setting();
    const { classifier: sharing, ofRows } = shareBranches(classifier);
    const rows = tf.tensor1d([4, 1], 'int32');
    const part = takeRows(inputs, rows);
    const few = ofRows(inputs, rows);
    const expected = values(classifier(part));
    passes.length = 0;
    for (const again of [false, true]) {
      const frozen = few.frozen!(part, ['skeleton']);
      for (const [i, value] of values(frozen(part)).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
      frozen.dispose();
      if (!again) sharing.frozen!(inputs, ['skeleton']);
    }
    expect(passes).toEqual([2, 6]);
    sharing.dispose();
  });

  it('share the branch for curves too, and leak nothing when they fail', async () => {
    const { classifier, inputs, labels, passes } = setting();
    const curve = (signal?: AbortSignal) =>
      robustnessCurve(classifier, inputs, labels, {
        threatModel: onClips,
        attack: (threatModel) => pgd(threatModel, { steps: 2 }),
        scales: [0.1, 0.2, 0.3],
        signal,
      });
    const { fooled } = await curve();
    expect(fooled.length).toBe(3);
    expect(passes.length).toBe(2 + 3);
    await expectCleanFailure(() => curve(AbortSignal.abort(new Error('enough'))), /enough/);
  });
});
