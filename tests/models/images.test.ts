import { type Classifier, classifierOf, logitsOf, type Modalities, pgd, predictedLabels } from '@amr/attacks';
import { fromTensors } from '@amr/datasets';
import { insertAmr, insertionPoints } from '@amr/layers';
import { normal, uniform, values } from '@amr/testing/attacks/models';
import { useOn } from '@amr/testing/backends/useOn';
import { AdversarialTrainer } from '@amr/train';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model as modelOf,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { mobileNetGraph, mobileNetLayers } from './installedModels.js';

/** Soft spots in the size of a picture. */
const soft = (spots: tf.Tensor): tf.Tensor => tf.image.resizeBilinear(spots as tf.Tensor4D, [224, 224]);
const picture = (seed: number) => soft(uniform([1, 7, 7, 3], seed));

/** The model's own output for an image. */
const output = (model: { predict(x: tf.Tensor): unknown }, image: tf.Tensor) =>
  model.predict(image) as tf.Tensor;

/** Float32 through some sixty layers, in another order of sums: 1e-4 of values around 1. */
const close = (actual: tf.Tensor, expected: tf.Tensor) => {
  expect(actual.shape).toEqual(expected.shape);
  expect(tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]).toBeLessThan(1e-4);
};

const budget = { norm: 'linf', epsilon: 2 / 255, range: [0, 1] } as const;

const MODELS = {
  LayersModel: { load: mobileNetLayers, features: 'flatten_1' },
  GraphModel: {
    load: mobileNetGraph,
    features:
      'StatefulPartitionedCall/sequential/keras_layer/StatefulPartitionedCall/StatefulPartitionedCall/StatefulPartitionedCall/predict/feature_vector/SpatialSqueeze',
  },
};

describe.each([
  ['LayersModel', 'wasm'],
  ['GraphModel', 'wasm'],
  ['LayersModel', 'onnx'],
  ['GraphModel', 'onnx'],
] as const)("nsfwjs's MobileNet as a %s on %s", (kind, backend) => {
  useOn(backend);
  let model: LayersModel | GraphModel;
  let classifier: Classifier;
  let inputs: Modalities;
  beforeAll(async () => {
    model = await MODELS[kind].load();
    classifier = classifierOf(model, { inputs: ['image'] });
    inputs = { image: picture(3) };
  });

  it('is attacked in front of its softmax', () => {
    const logits = classifier(inputs) as tf.Tensor2D;
    close(tf.softmax(logits), output(model, inputs.image!));
    // Probabilities are not negative.
    expect(Math.min(...values(logits))).toBeLessThan(-0.5);
  });

  it('has the gradient that differences give', () => {
    const margin = (image: tf.Tensor) => {
      const [drawing, , neutral] = tf.split(classifier({ image }), 5, 1);
      return tf.sum(tf.sub(neutral!, drawing!)) as tf.Scalar;
    };
    const gradient = tf.grad(margin)(inputs.image!);
    const slopeAlong = (direction: tf.Tensor, step: number) => {
      const unit = tf.div(direction, tf.norm(direction));
      const at = (length: number) => values(margin(tf.add(inputs.image!, tf.mul(unit, length))))[0]!;
      return {
        slope: values(tf.sum(tf.mul(gradient, unit)))[0]!,
        difference: (at(step) - at(-step)) / (2 * step),
      };
    };
    // ReLUs make the network piecewise linear. Some of them switch in any step, the fewer the shorter it is; the margin is
    // rounded by some 1e-6. Both together are below 5 % of these slopes, of 14 to 16 and of 0.02 to 0.04.
    for (const { slope, difference } of [
      slopeAlong(gradient, 3e-4),
      slopeAlong(soft(normal([1, 7, 7, 3], 8)), 3e-2),
    ]) {
      expect(Math.abs(slope - difference)).toBeLessThan(0.05 * Math.abs(difference));
    }
  });

  it.skipIf(backend === 'onnx')(
    'is fooled by PGD within 2/255 and the range, and nothing leaks',
    async () => {
      const labels = await predictedLabels(classifier, inputs);
      const before = tf.memory().numTensors;
      const { image } = await pgd({ image: budget }, { steps: 4 }).perturb(classifier, inputs, labels);
      expect(tf.memory().numTensors).toBe(before + 1);
      // The model itself is asked, not the classifier.
      expect(values(tf.argMax(output(model, image!), 1))).not.toEqual(values(labels));
      const change = values(tf.max(tf.abs(tf.sub(image!, inputs.image!))))[0]!;
      expect(change).toBeGreaterThan(1.9 / 255);
      // One rounding of values up to 1 in float32.
      expect(change).toBeLessThan(2 / 255 + 1e-7);
      expect(values(tf.min(image!))[0]).toBeGreaterThanOrEqual(0);
      expect(values(tf.max(image!))[0]).toBeLessThanOrEqual(1);
    },
  );

  it('shows its features by name', () => {
    const { features } = MODELS[kind];
    const { logits, values: observed } = classifier.observe!(inputs, [features]);
    expect(observed[features]!.shape).toEqual([1, kind === 'LayersModel' ? 1280 : 1792]);
    close(logits, classifier(inputs));
  });
});

describe("nsfwjs's MobileNet in a model with two inputs", () => {
  useOn('wasm');
  const budgets = { image: budget, sensor: { norm: 'linf', epsilon: 0.5 } } as const;
  let twoInputs: LayersModel;
  beforeAll(async () => {
    const mobileNet = await mobileNetLayers();
    for (const layer of mobileNet.layers) layer.trainable = false;
    const sensor = input({ shape: [6], name: 'sensor' });
    const hidden = layers.dense({ units: 8, activation: 'tanh', name: 'sensorFeatures' }).apply(sensor);
    const pixels = mobileNet.getLayer('dense_2').output as SymbolicTensor;
    const joined = layers.concatenate().apply([pixels, hidden as SymbolicTensor]) as SymbolicTensor;
    const classes = layers.dense({ units: 3, activation: 'softmax', name: 'classes' }).apply(joined);
    twoInputs = modelOf({ inputs: [mobileNet.inputs[0]!, sensor], outputs: classes as SymbolicTensor });
  });
  const inputs = () => ({ image: picture(3), sensor: uniform([1, 6], 4, [-1, 1]) });
  const named = { inputs: ['image', 'sensor'] };

  it('says what ends it, and where a reweighter can be inserted', () => {
    expect(logitsOf(twoInputs).removed).toBe("softmax, the activation of Dense 'classes'");
    const points = insertionPoints(twoInputs);
    expect(Object.keys(points)).toEqual(['input_1', 'sensor']);
    expect(points.input_1!.map(({ layer }) => layer)).toEqual(
      expect.arrayContaining(['Conv1', 'out_relu', 'dense_2']),
    );
    expect(points.sensor!.at(-1)).toMatchObject({ layer: 'sensorFeatures', shape: [null, 8] });
  });

  it('computes MobileNet once when only the other input is attacked', async () => {
    const classifier = classifierOf(twoInputs, named);
    const x = inputs();
    const frozen = classifier.frozen!(x, ['image']);
    close(frozen({ sensor: x.sensor }), classifier(x));
    const kernels = async (run: () => tf.Tensor) => (await tf.profile(run)).kernels.length;
    const few = await kernels(() => frozen({ sensor: x.sensor }));
    expect(few).toBeLessThan(0.1 * (await kernels(() => classifier(x))));
    frozen.dispose();
    const labels = await predictedLabels(classifier, x);
    const adversarial = await pgd({ sensor: budgets.sensor }).perturb(classifier, x, labels);
    expect(values(tf.all(tf.equal(adversarial.image!, x.image)))).toEqual([1]);
    const likelihood = (at: Modalities) =>
      values(tf.softmax(classifier(at) as tf.Tensor2D))[values(labels)[0]!]!;
    expect(likelihood(adversarial)).toBeLessThan(likelihood(x));
  });

  it('gets a reweighter that changes no bit, and is trained adversarially with it', async () => {
    const ours = insertAmr(twoInputs, { at: ['dense_2', 'sensorFeatures'] });
    const x = inputs();
    const before = values(twoInputs.predict([x.image, x.sensor]) as tf.Tensor);
    expect(values(ours.predict([x.image, x.sensor]) as tf.Tensor)).toEqual(before);
    const classifier = classifierOf(ours, named);
    const labels = tf.tensor1d([2], 'int32');
    const loss = () => values(tf.neg(tf.logSoftmax(classifier(x) as tf.Tensor2D)))[2]!;
    const untrained = loss();
    const frozenWeights = values(twoInputs.getLayer('Conv1').getWeights()[0]!);
    const trainer = new AdversarialTrainer({
      model: ours,
      inputs: ['image', 'sensor'],
      objective: 'cross-entropy',
      optimizer: tf.train.adam(0.05),
      attack: pgd({ sensor: budgets.sensor }, { steps: 1 }),
      batchSize: 1,
      seed: 1,
    });
    const samples = await fromTensors(x, labels, { classes: ['a', 'b', 'c'] });
    await trainer.fit(samples, { epochs: 2 });
    expect(loss()).toBeLessThan(untrained);
    expect(values(twoInputs.getLayer('Conv1').getWeights()[0]!)).toEqual(frozenWeights);
  });
});
