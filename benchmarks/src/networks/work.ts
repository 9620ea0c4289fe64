import {
  type Classifier,
  classifierOf,
  crossEntropyLoss,
  onlyPresent,
  pgd,
  type ThreatModel,
} from '@amr/attacks';
import { actionNames, fromArrays } from '@amr/datasets';
import { amrLoss } from '@amr/layers';
import { AdversarialTrainer } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { budgets } from './budgets.js';
import { quickstart } from './cases.js';
import type { BenchmarkInputs } from './sharedInputs.js';
import type { Task } from './tasks.js';

/** The results of a run, which the caller disposes of. */
export interface Outcome {
  /** The last computed tensor: once it can be read everything is done, also on devices with a queue. */
  last: tf.Tensor;
  /** Values that must be equal for all runners; absent where they are random. */
  compared?: tf.Tensor;
}

type Samples = Pick<BenchmarkInputs, 'inputs' | 'labels'>;

/** A task on tfjs, as a function that runs it once, on the current backend. */
export function workOf(task: Task, model: LayersModel, { inputs, labels }: Samples): () => Promise<Outcome> {
  const { kind, steps } = task;
  const classifier = classifierOf(model, { output: 'logits' });
  switch (kind) {
    case 'forward':
      return async () => same(classifier(inputs));
    case 'gradient':
      return async () => same(inputGradient(classifier, inputs, labels));
    case 'training': {
      const step = trainingStepOf(model, labels);
      return async () => step(inputs);
    }
    case 'attack': {
      const attack = pgd(threatModel(task, model), { steps });
      return async () => {
        const adversarial = await attack.perturb(classifier, inputs, labels);
        const reached = tf.tidy(() =>
          tf.mean(crossEntropyLoss(classifier(adversarial) as tf.Tensor2D, labels)),
        );
        tf.dispose(adversarial);
        return same(reached);
      };
    }
    case 'adversarial': {
      const attack = pgd(threatModel(task, model), { steps, randomStart: true });
      const step = trainingStepOf(model, labels);
      let seed = 0;
      return async () => {
        const adversarial = await attack.perturb(classifier, inputs, labels, { seed: seed++ });
        const { last, compared } = step(adversarial);
        tf.dispose([adversarial, compared!]);
        return { last };
      };
    }
    case 'epoch':
      return epochOf(model, { inputs, labels });
  }
}

const same = (compared: tf.Tensor): Outcome => ({ last: compared, compared });

function threatModel({ attacked }: Task, { inputNames }: LayersModel): ThreatModel {
  const names = attacked ?? inputNames;
  return Object.fromEntries(Object.entries(budgets).filter(([name]) => names.includes(name)));
}

/** The gradient of the summed cross-entropy with respect to all inputs, concatenated. */
function inputGradient(
  classifier: Classifier,
  inputs: BenchmarkInputs['inputs'],
  labels: tf.Tensor1D,
): tf.Tensor {
  const names = Object.keys(inputs);
  const gradients = tf.grads((...values: tf.Tensor[]) =>
    tf.sum(
      crossEntropyLoss(
        classifier(Object.fromEntries(names.map((name, i) => [name, values[i]!]))) as tf.Tensor2D,
        labels,
      ),
    ),
  );
  return tf.tidy(() =>
    tf.concat(gradients(Object.values(inputs)).map((gradient) => tf.reshape(gradient, [-1]))),
  );
}

/** A step of Adam on the loss of the whole network: with auxiliary heads that of AMR, otherwise cross-entropy. */
function trainingStepOf(model: LayersModel, labels: tf.Tensor1D) {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const optimizer = tf.train.adam(1e-3);
  const loss = (inputs: BenchmarkInputs['inputs']) => {
    const given = model.inputNames.map((name) => inputs[name]!);
    const outputs = [model.apply(given, { training: true }) as tf.Tensor2D | tf.Tensor2D[]].flat();
    return amrLoss({ logits: outputs[0]!, auxiliary: outputs.slice(1), labels });
  };
  return (inputs: BenchmarkInputs['inputs']): Outcome => {
    const { value, grads } = tf.variableGrads(() => loss(inputs), variables);
    optimizer.applyGradients(variables.map(({ name }) => ({ name, tensor: grads[name]! })));
    tf.dispose(grads);
    return { compared: value, last: firstOf(variables.at(-1)!) };
  };
}

/** The quickstart's training of its defended model, without augmentation and schedule: one more epoch at each run. */
function epochOf(model: LayersModel, { inputs, labels }: Samples): () => Promise<Outcome> {
  const { attackSteps, learningRate, weightDecay, batchSize } = quickstart.training;
  const modalities = Object.entries(inputs).map(([name, samples]) => {
    const data = samples.dataSync() as Float32Array;
    samples.dispose();
    return [name, { data, shape: samples.shape.slice(1), unit: name === 'rgb' ? 'intensity' : 'metres' }];
  });
  const clips = fromArrays({
    modalities: Object.fromEntries(modalities),
    labels: labels.dataSync(),
    classes: actionNames,
  });
  const attack = pgd(
    { ...budgets, skeleton: { ...budgets.skeleton, mask: onlyPresent() } },
    { steps: attackSteps, randomStart: true },
  );
  const settings = { objective: 'amr', weightDecay, attack, batchSize, seed: 1 } as const;
  return async () => {
    const optimizer = tf.train.adam(learningRate);
    await new AdversarialTrainer({ model, optimizer, ...settings }).fit(clips, { epochs: 1 });
    optimizer.dispose();
    return { last: firstOf(model.trainableWeights.at(-1)!.read()) };
  };
}

/** One value of a weight: when it can be read, the step that wrote it is done. */
function firstOf(weight: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.slice(tf.reshape(weight, [-1]), 0, 1));
}
