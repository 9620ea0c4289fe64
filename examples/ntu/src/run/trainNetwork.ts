import { existsSync } from 'node:fs';
import type { Dataset } from '@amr/datasets';
import { type Progress, trainingProgress } from '@amr/example-jobs';
import {
  AdversarialTrainer,
  amrObjective,
  cosine,
  crossEntropyObjective,
  type EpochRecord,
  type Objective,
} from '@amr/train';
import { fileStore } from '@amr/train/node';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { trainingAttack } from '../attacks.js';
import { openPart } from '../data.js';
import { buildDefence, buildStream, type Network, startFromStream, startFromTorch } from '../models.js';
import type { Settings, StreamName, TrainingSettings } from '../settings/settings.js';
import { STREAMS, type TrainJob } from './plan.js';
import { checkpointOf, type RunRecord } from './runFolder.js';

/** Content of `trained.json`. */
export interface Trained {
  readonly history: readonly EpochRecord[];
  /** Seconds of the last call, which is less than the whole training when that was stopped and resumed. */
  readonly seconds: number;
  readonly parameters: number;
  readonly backend: string;
  readonly clips: { readonly train: number; readonly test: number };
  /** Accuracy on the clean test clips. */
  readonly testAccuracy: number;
}

/** What a job works with. */
export interface JobContext {
  readonly run: RunRecord;
  readonly out: string;
  readonly backend: string;
  /** Threads that read clips. */
  readonly readers: number;
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

/** Trains a network, resuming from its checkpoint when there is one. @returns undefined when it was stopped before the end */
export async function trainNetwork(job: TrainJob, context: JobContext): Promise<Trained | undefined> {
  const { run, readers, signal, report } = context;
  const { settings } = run;
  const streams: readonly StreamName[] = job.stream ? [job.stream] : STREAMS;
  const stage = job.stream ?? 'joint';
  const { seed } = job;
  const train = await openPart(settings, run.prepared, 'train', {
    streams,
    training: { stage, seed },
    workers: readers,
    signal,
  });
  const test = await openPart(settings, run.prepared, 'test', { streams, workers: readers, signal });
  try {
    const { model } = await startingNetwork(job, context, train.classes.length);
    const begun = performance.now();
    const { finished, history } = await trainerOf(model, job, context).fit(train, {
      // For small data sets, each epoch of the preset is several passes.
      epochs: settings.training[stage].epochs * settings.dataset.passes,
      signal,
      callbacks: {
        onBatch: (batch) => report(trainingProgress(batch)),
      },
    });
    if (!finished) return undefined;
    return {
      history,
      seconds: (performance.now() - begun) / 1000,
      parameters: model.countParams(),
      backend: context.backend,
      clips: { train: train.size, test: test.size },
      testAccuracy: await accuracy(model, test, settings.evaluation.batchSize, context),
    };
  } finally {
    await train.close();
    await test.close();
  }
}

/** The network as its training starts: a two-stream one with the encoders of the trained streams. */
async function startingNetwork(job: TrainJob, { run, out }: JobContext, classes: number): Promise<Network> {
  const { settings } = run;
  const { network, stream, seed } = job;
  if (stream) {
    const built = buildStream(settings, stream, seed, classes);
    const { weights } = settings.training[stream];
    if (weights) await startFromTorch(built, stream, weights);
    return built;
  }
  const built = buildDefence(settings, network, seed, classes);
  // A training that has started resumes from its own checkpoint.
  if (existsSync(checkpointOf(out, network, seed))) return built;
  for (const stream of STREAMS) {
    const checkpoint = await fileStore(checkpointOf(out, stream, seed)).read();
    if (!checkpoint)
      throw new Error(
        `${checkpointOf(out, stream, seed)}: got no such file; expected a checkpoint. Train the streams first.`,
      );
    startFromStream(built, stream, checkpoint);
  }
  return built;
}

function trainerOf(model: LayersModel, job: TrainJob, { run, out }: JobContext): AdversarialTrainer {
  const { settings } = run;
  const training: TrainingSettings = settings.training[job.stream ?? 'joint'];
  const defence = job.stream ? undefined : settings.defences[job.network]!;
  return new AdversarialTrainer({
    model,
    objective: objectiveOf(training, defence),
    optimizer: optimizerOf(training),
    schedule: cosine({ warmup: training.warmup }),
    weightDecay: training.weightDecay,
    ...(training.gradientClip !== undefined && { gradientClip: training.gradientClip }),
    ...(defence?.adversarial && {
      attack: trainingAttack(settings),
      cleanShare: settings.training.joint.cleanShare,
    }),
    checkpoint: fileStore(checkpointOf(out, job.network, job.seed)),
    batchSize: training.batchSize,
    seed: job.seed,
  });
}

function objectiveOf(
  { labelSmoothing }: TrainingSettings,
  defence: Settings['defences'][string] | undefined,
): Objective {
  return defence?.objective === 'amr'
    ? amrObjective({ labelSmoothing, ...(defence.lambda !== undefined && { lambda: defence.lambda }) })
    : crossEntropyObjective({ labelSmoothing });
}

const optimizerOf = ({ optimizer }: TrainingSettings): tf.Optimizer =>
  optimizer.kind === 'adam'
    ? tf.train.adam(optimizer.learningRate)
    : tf.train.momentum(optimizer.learningRate, optimizer.momentum, optimizer.nesterov);

/** Accuracy: share of the clips whose largest logit is that of their class. */
async function accuracy(
  model: LayersModel,
  set: Dataset,
  batchSize: number,
  { signal, report }: JobContext,
): Promise<number> {
  let right = 0;
  let done = 0;
  for await (const { ids, inputs, labels } of set.batches({ batchSize })) {
    signal.throwIfAborted();
    const hits = tf.tidy(() => {
      const outputs = model.apply(
        model.inputNames.map((name) => inputs[name]!),
        { training: false },
      ) as tf.Tensor | tf.Tensor[];
      const logits = Array.isArray(outputs) ? outputs[0]! : outputs;
      return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'int32'));
    });
    right += (await hits.data())[0]!;
    tf.dispose([inputs, labels, hits]);
    done += ids.length;
    report({ done, total: set.size, text: 'tested' });
  }
  return right / set.size;
}
