import { classifierOf, type Modalities, pgd, type ThreatModel } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';

/** Classes of the generated task; more than nine, so that nine targets are a choice. */
const CLASSES = 12;
const CLIP = [4, 12, 12, 3];
const POSE = [2, 4, 12, 3];

/** What both inputs may be changed by. */
export const threatModel = {
  rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] },
  skeleton: { norm: 'linf', epsilon: 0.05 },
} satisfies ThreatModel;

/** A batch of generated samples. */
export interface Samples {
  /** `rgb` in [0, 1] and `skeleton` in metres. */
  inputs: Modalities;
  /** `[count]`, int32. */
  labels: tf.Tensor1D;
}

/** Clips and skeletons whose class shows as a smooth pattern under noise, in either input. */
export function generate(count: number, seed: number): Samples {
  return tf.tidy(() => {
    const classes = Array.from({ length: count }, (_, i) => i % CLASSES);
    const labels = tf.tensor1d(classes, 'int32');
    const patterns = (shape: number[], at: number) =>
      tf.gather(tf.randomNormal([CLASSES, ...shape], 0, 1, 'float32', at), labels);
    const noise = (shape: number[], deviation: number, at: number) =>
      tf.randomNormal([count, ...shape], 0, deviation, 'float32', at);
    const coarse = tf.mul(patterns([3, 3, 3], 1), 0.04) as tf.Tensor4D;
    const still = tf.expandDims(tf.image.resizeBilinear(coarse, [CLIP[1]!, CLIP[2]!]), 1);
    const rgb = tf.clipByValue(tf.add(tf.add(0.5, still), noise(CLIP, 0.25, seed)), 0, 1);
    const pose = tf.mul(patterns([1, 1, ...POSE.slice(2)], 2), 0.07);
    return { inputs: { rgb, skeleton: tf.add(pose, noise(POSE, 0.25, seed + 1)) }, labels };
  });
}

/** An untrained network: a convolutional branch and a dense one, joined before the logits. */
export function build(): LayersModel {
  const drawn = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
  const rgb = input({ shape: CLIP, name: 'rgb' });
  const skeleton = input({ shape: POSE, name: 'skeleton' });
  let a = layers.permute({ dims: [2, 3, 1, 4] }).apply(rgb) as SymbolicTensor;
  a = layers.reshape({ targetShape: [12, 12, 12] }).apply(a) as SymbolicTensor;
  for (const [i, filters] of [16, 32].entries()) {
    a = layers
      .conv2d({ filters, kernelSize: 3, strides: i + 1, activation: 'relu', ...drawn(i) })
      .apply(a) as SymbolicTensor;
  }
  a = layers
    .dense({ units: 32, activation: 'relu', ...drawn(2) })
    .apply(layers.flatten().apply(a)) as SymbolicTensor;
  let b = layers.flatten().apply(skeleton) as SymbolicTensor;
  b = layers.dense({ units: 32, activation: 'relu', ...drawn(3) }).apply(b) as SymbolicTensor;
  const joined = layers.concatenate().apply([a, b]) as SymbolicTensor;
  return model({
    inputs: [rgb, skeleton],
    outputs: layers.dense({ units: CLASSES, ...drawn(4) }).apply(joined) as SymbolicTensor,
  });
}

/** Trains a network on generated samples, on clean ones or on those that PGD makes of them. */
export async function trained(adversarially: boolean, steps: number): Promise<LayersModel> {
  const network = build();
  const classifier = classifierOf(network);
  const optimizer = tf.train.adam(2e-3);
  const attack = pgd(threatModel, { steps: 5 });
  for (let step = 0; step < steps; step++) {
    const { inputs, labels } = generate(48, 1000 + 2 * step);
    const seen = adversarially ? await attack.perturb(classifier, inputs, labels) : inputs;
    const cost = optimizer.minimize(
      () => {
        const logits = network.apply([seen.rgb!, seen.skeleton!], { training: true }) as tf.Tensor2D;
        const likelihood = tf.sum<tf.Tensor1D>(tf.mul(tf.logSoftmax(logits), tf.oneHot(labels, CLASSES)), 1);
        return tf.neg(tf.mean<tf.Scalar>(likelihood));
      },
      false,
      network.trainableWeights.map((weight) => weight.read() as tf.Variable),
    );
    tf.dispose([cost, inputs, labels, seen] as tf.TensorContainer);
  }
  optimizer.dispose();
  return network;
}
