import { attackConditions, classifierOf, pgd, type ThreatModel } from '@amr/attacks';
import { fromArrays } from '@amr/datasets';
import { AdversarialTrainer } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { budgetsOf } from '../attacks.js';
import type { Settings } from '../settings/settings.js';
import { clipShapes } from './clipCounts.js';
import type { Speed } from './estimate.js';

/** A speed, and how it was measured. */
export interface Measured extends Speed {
  /** Clips in the batches that were measured; fewer than in training where those would take too long. */
  readonly batch: number;
}

/** What is measured of a network. */
export interface Subject {
  readonly model: LayersModel;
  readonly classes: number;
  /** Clips in a batch of its training. */
  readonly batchSize: number;
  readonly objective: 'cross-entropy' | 'amr';
  /** Whether it is trained on attacked clips. */
  readonly adversarial: boolean;
  /** Whether it is attacked after training. */
  readonly attacked: boolean;
}

/** Longest measured training step in seconds: larger batches are made smaller. */
const LONG = 5;
/** Attack steps that are measured; others take as long. */
const STEPS = 2;
/** Times that each kind of step is measured; their median counts. */
const REPEATS = 3;

/**
 * Measures steps of a network on clips of noise: a first one of each kind, in which backends compile and allocate, is left
 * out. The model's weights change.
 */
export async function measureNetwork(
  settings: Settings,
  subject: Subject,
  signal: AbortSignal,
): Promise<Measured> {
  const { model, adversarial, attacked } = subject;
  const shapes = clipShapes(settings);
  const modalities = model.inputNames;
  const batch = await batchToMeasure(subject, shapes);
  signal.throwIfAborted();
  const train = await measureTraining(subject, shapes, batch, signal);
  const step = (threatModel: ThreatModel) => measureAttackStep(model, threatModel, shapes, batch);
  // An attack step by itself: a difference of two training times would be lost in the noise of a busy machine.
  const speed: Measured = {
    batch,
    train,
    ...(adversarial && { attackStep: await step(budgetsOf(settings)) }),
  };
  if (!attacked || modalities.length < 2) return speed;
  const forward = await measureForward(model, shapes, batch);
  const gradient: { [condition: string]: number } = {};
  for (const [condition, threatModel] of Object.entries(attackConditions(budgetsOf(settings)))) {
    signal.throwIfAborted();
    gradient[condition] = await step(threatModel);
  }
  return { ...speed, forward, gradient };
}

/** Seconds that one PGD step takes for a clip: a forward pass, and a backward pass to the attacked inputs. */
async function measureAttackStep(
  model: LayersModel,
  threatModel: ThreatModel,
  shapes: Shapes,
  batch: number,
): Promise<number> {
  const inputs = noise(shapes, batch);
  const labels = tf.zeros([batch], 'int32') as tf.Tensor1D;
  const attack = pgd(threatModel, { steps: STEPS });
  const classifier = classifierOf(model, { output: 'logits' });
  const seconds = await medianTime(async () => {
    const perturbed = await attack.perturb(classifier, inputs, labels);
    await Promise.all(Object.values(perturbed).map((tensor) => tensor.data()));
    tf.dispose(perturbed);
  });
  tf.dispose([inputs, labels]);
  return seconds / (STEPS * batch);
}

/** Batch size whose training step stays below that limit, estimated from the time of predictions. */
async function batchToMeasure({ model, batchSize, adversarial }: Subject, shapes: Shapes): Promise<number> {
  // A training step is about three predictions, with an attack of two steps eight.
  const fitting = (perClip: number) => Math.floor(LONG / (perClip * (adversarial ? 8 : 3)));
  const first = Math.max(1, Math.min(batchSize, fitting(await measureForward(model, shapes, 1))));
  if (first === 1 || first === batchSize) return first;
  // A clip takes less in a batch than alone.
  return Math.max(first, Math.min(batchSize, fitting(await measureForward(model, shapes, first))));
}

type Shapes = { readonly [modality: string]: number[] };

/** Seconds for a clip. */
async function measureForward(model: LayersModel, shapes: Shapes, batch: number): Promise<number> {
  const inputs = noise(shapes, batch);
  const seconds = await medianTime(async () => {
    const outputs = model.predict(model.inputNames.map((name) => inputs[name]!)) as tf.Tensor | tf.Tensor[];
    for (const output of [outputs].flat()) await output.data();
    tf.dispose(outputs);
  });
  tf.dispose(inputs);
  return seconds / batch;
}

/** Seconds that a training step on clean clips takes for a clip. */
async function measureTraining(
  { model, objective, classes }: Subject,
  shapes: Shapes,
  batch: number,
  signal: AbortSignal,
): Promise<number> {
  const size = (1 + REPEATS) * batch;
  const set = fromArrays({
    modalities: Object.fromEntries(
      model.inputNames.map((name) => [
        name,
        { data: values(size * product(shapes[name]!)), shape: shapes[name]!, unit: 'noise' },
      ]),
    ),
    labels: Array.from({ length: size }, (_, i) => i % classes),
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
  });
  const optimizer = tf.train.sgd(1e-6);
  const trainer = new AdversarialTrainer({
    model,
    objective,
    optimizer,
    batchSize: batch,
    seed: 1,
  });
  const ends: number[] = [];
  const weight = model.trainableWeights[0]!.read();
  await trainer.fit(set, {
    epochs: 1,
    signal,
    callbacks: {
      async onBatch() {
        // Backends compute asynchronously: this waits for the last result.
        await weight.data();
        ends.push(performance.now());
      },
    },
  });
  signal.throwIfAborted();
  optimizer.dispose();
  return median(ends.slice(1).map((end, i) => end - ends[i]!)) / 1000 / batch;
}

/** Median seconds of several calls after a first one, in which backends compile and allocate. */
async function medianTime(work: () => Promise<void>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    await work();
    times.push((performance.now() - start) / 1000);
  }
  return median(times);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

function noise(shapes: Shapes, batch: number): { [modality: string]: tf.Tensor } {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tf.tensor(values(batch * product(shape)), [batch, ...shape]),
    ]),
  );
}

const product = (shape: readonly number[]): number => shape.reduce((size, axis) => size * axis, 1);

/** Values that are neither zero, which would be an absent body, nor so small that arithmetic is slow. */
const values = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.1 + 0.8 * ((i * 0.618) % 1));
