import { type AttackLoss, adaptiveLoss, classifierOf, pgd } from '@amr/attacks';
import { AttentionModalityReweighter } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';

const heads = { rgb: 'rgbLogits', skeleton: 'skeletonLogits' };
const inputs = () => ({
  rgb: tf.tensor2d([
    [0.1, 0, 0.1],
    [0.2, 0.1, 0],
  ]),
  skeleton: tf.tensor2d([
    [1, 0, 0],
    [0, 1, 0],
  ]),
});
const labels = () => tf.tensor1d([0, 1], 'int32');

/** A network whose features are its inputs and whose heads predict the class of the largest feature. */
function reweighted(granularity: 'modality' | 'channel') {
  const rgb = input({ shape: [3], name: 'rgb' });
  const skeleton = input({ shape: [3], name: 'skeleton' });
  const reweighter = new AttentionModalityReweighter({
    granularity,
    reductionRatio: 6,
    returnWeights: true,
    name: 'reweighter',
  });
  const [a, b, weights] = reweighter.apply([rgb, skeleton]);
  const readOff = (name: string) => layers.dense({ units: 3, kernelInitializer: 'identity', name });
  const fused = layers.add().apply([a!, b!]) as SymbolicTensor;
  const outputs = [
    readOff('logits').apply(fused),
    readOff('rgbLogits').apply(a!),
    readOff('skeletonLogits').apply(b!),
    weights!,
  ] as SymbolicTensor[];
  return { network: model({ inputs: [rgb, skeleton], outputs }), reweighter };
}

it("opens a reweighter's closed gate on the attacked modality, where the plain loss has no gradient", async () => {
  const { network, reweighter } = reweighted('modality');
  // The reweighter trusts rgb when the sum of its features is large: its logit is 20 relu(sum) - 91 against 0, so
  // that the gradient is below 1e-35: shorter than any length that steps are divided by.
  reweighter.setWeights([
    tf.tensor2d([1, 1, 1, 0, 0, 0], [6, 1]),
    tf.zeros([1]),
    tf.tensor2d([[20, 0]]),
    tf.tensor1d([-91, 0]),
  ]);
  const classifier = classifierOf(network);
  const clean = inputs();
  const [before] = Object.values(classifier.observe!(clean, ['reweighter']).values) as [tf.Tensor2D];
  for (const [weight] of before.arraySync()) expect(weight).toBeLessThan(1e-36);

  const attacked = async (loss: AttackLoss) => {
    const attack = pgd({ rgb: { norm: 'l2', epsilon: 3 } }, { loss });
    const tensors = tf.memory().numTensors;
    const result = await attack.perturb(classifier, clean, labels());
    expect(tf.memory().numTensors - tensors).toBe(2 + 1);
    const predicted = Array.from(tf.argMax(classifier(result), 1).dataSync());
    return { rgb: Array.from(result['rgb']!.dataSync()), predicted };
  };
  const plain = await attacked('cross-entropy');
  expect(plain.predicted).toEqual([0, 1]);
  Array.from(clean.rgb.dataSync()).forEach((value, i) => {
    // Steps along a gradient of 1e-36 are shortened to 1e-5 of their length and less.
    expect(plain.rgb[i]).toBeCloseTo(value, 3);
  });
  const adaptive = await attacked(adaptiveLoss({ heads, gate: 'reweighter' }));
  for (const [row, predicted] of adaptive.predicted.entries()) expect(predicted).not.toBe(row);
});

it("takes a channel-wise reweighter's gates, averaged per modality", async () => {
  const { network, reweighter } = reweighted('channel');
  const ones = (rows: number, columns: number) => tf.ones([rows, columns]);
  reweighter.setWeights([ones(6, 1), tf.ones([1]), ones(1, 3), ones(1, 3)]);
  const loss = adaptiveLoss({ heads, gate: 'reweighter', channels: [3, 3] });
  const attack = pgd({ rgb: { norm: 'linf', epsilon: 0.8 } }, { loss });
  const classifier = classifierOf(network);
  const result = await attack.perturb(classifier, inputs(), labels());
  const predicted = Array.from(tf.argMax(classifier(result), 1).dataSync());
  expect(predicted.every((y, row) => y !== row)).toBe(true);
  const wrong = pgd(
    { rgb: { norm: 'linf', epsilon: 1 } },
    { loss: adaptiveLoss({ heads, gate: 'reweighter' }) },
  );
  await expect(wrong.perturb(classifier, inputs(), labels())).rejects.toThrow(
    /shape \[2, 6\]; expected .* \[2, 2\]/,
  );
});
