import { type Budget, classifierOf, onlyPresent, pgd, square, type ThreatModel } from '@amr/attacks';
import { withAugmentation } from '@amr/datasets';
import {
  attackProgress,
  checkProgress,
  type Progress,
  spacedSamples,
  trainingProgress,
} from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import {
  AdversarialTrainer,
  cosine,
  evaluateCurve,
  evaluateRobustness,
  modalityWeightsOf,
  restoreWeights,
} from '@amr/train';
import { fileStore } from '@amr/train/node';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Data } from './data.js';
import { buildModel } from './model.js';
import type { ClipPair } from './pictures.js';
import { checkpointOf, type Defence, type Job, resultOf } from './plan.js';
import type { Settings } from './settings.js';

/** What a job works with. */
export interface JobContext {
  settings: Settings;
  out: string;
  data: Data;
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** What the adversary may change, by modality. */
const budgetsOf = ({ video, skeleton }: Settings): { [modality: string]: Budget } => ({
  [video.modality]: { norm: 'linf', epsilon: video.epsilon, range: [0, 1] },
  // Absent bodies are all zero and stay so.
  skeleton: { norm: 'linf', epsilon: skeleton.epsilon, mask: onlyPresent() },
});

/** Runs a job and writes its result file. @returns false when it was stopped before the end */
export async function work(job: Job, context: JobContext): Promise<boolean> {
  try {
    const result = await run(job, context);
    if (result === undefined) return false;
    await writeAtomically(resultOf(context.out, job), `${JSON.stringify(result)}\n`);
    return true;
  } catch (error) {
    if (context.signal.aborted) return false;
    throw error;
  }
}

function run(job: Job, context: JobContext): Promise<object | undefined> {
  switch (job.kind) {
    case 'train':
      return train(job.defence, job.seed, context);
    case 'evaluate':
      return evaluate(job, context);
    case 'curve':
      return sweep(job.defence, job.seed, context);
    case 'examples':
      return attackExamples(job.seed, context);
  }
}

const trainerOf = (model: LayersModel, defence: Defence, seed: number, { settings, out }: JobContext) => {
  const { training } = settings;
  return new AdversarialTrainer({
    model,
    objective: defence === 'amr-at' ? 'amr' : 'cross-entropy',
    optimizer: tf.train.adam(training.learningRate),
    schedule: cosine({ warmup: 0.1 }),
    weightDecay: training.weightDecay,
    attack:
      defence === 'undefended'
        ? undefined
        : pgd(budgetsOf(settings), { steps: training.attackSteps, randomStart: true }),
    checkpoint: fileStore(checkpointOf(out, defence, seed)),
    batchSize: training.batchSize,
    seed,
  });
};

const trainSet = (seed: number, { data, settings }: JobContext) =>
  withAugmentation(data.train, { ...settings.training.augmentation, seed });

async function train(defence: Defence, seed: number, context: JobContext): Promise<object | undefined> {
  const { data, settings, signal, report } = context;
  const model = buildModel(settings, defence, seed, data.train.classes.length);
  const start = performance.now();
  const { finished, history } = await trainerOf(model, defence, seed, context).fit(trainSet(seed, context), {
    epochs: settings.training.epochs,
    signal,
    callbacks: {
      onBatch: (batch) => report(trainingProgress(batch)),
    },
  });
  if (!finished) return undefined;
  return { history, parameters: model.countParams(), seconds: (performance.now() - start) / 1000 };
}

/** A trained model, with the weights of its training's last checkpoint. */
async function trainedModel(defence: Defence, seed: number, context: JobContext): Promise<LayersModel> {
  const { data, settings, out } = context;
  const model = buildModel(settings, defence, seed, data.train.classes.length);
  const file = checkpointOf(out, defence, seed);
  const checkpoint = await fileStore(file).read();
  if (checkpoint === undefined) {
    throw new Error(`${file}: got no such file; expected a checkpoint. Train the model again with --fresh.`);
  }
  restoreWeights(model, checkpoint);
  return model;
}

async function evaluate(job: Job & { kind: 'evaluate' }, context: JobContext): Promise<object> {
  const { settings, signal, report } = context;
  const { checks } = settings.evaluation;
  const model = await trainedModel(job.defence, job.seed, context);
  const result = await evaluateRobustness(classifierOf(model, { output: 'logits' }), testSubset(context), {
    budgets: budgetsOf(settings),
    batchSize: settings.evaluation.batchSize,
    shard: job.shard,
    signal,
    weightsOf: job.defence === 'amr-at' ? modalityWeightsOf(model) : undefined,
    checks: checks && {
      samples: checks.samples,
      blackBox: (threatModel) => square(threatModel, { queries: checks.queries }),
      onProgress: (check) => report(checkProgress(check)),
    },
    onProgress: (progress) => report(attackProgress(progress)),
  });
  return result.toJSON();
}

async function sweep(defence: Defence, seed: number, context: JobContext): Promise<object> {
  const { settings, data, signal, report } = context;
  const { samples, scales, steps } = settings.evaluation.curve;
  const model = await trainedModel(defence, seed, context);
  return evaluateCurve(classifierOf(model, { output: 'logits' }), evenlySpacedSubset(data.test, samples), {
    budgets: budgetsOf(settings),
    scales: [...scales],
    attack: (threatModel: ThreatModel) => pgd(threatModel, { steps }),
    batchSize: settings.evaluation.batchSize,
    signal,
    onProgress: ({ done, total }) => report({ done, total, text: '' }),
  });
}

/** The test clips that are attacked. */
const testSubset = ({ settings, data }: JobContext) =>
  evenlySpacedSubset(data.test, settings.evaluation.samples ?? data.test.size);

/** `count` samples, evenly spaced over the set. */
const evenlySpacedSubset = (set: Data['test'], count: number): Data['test'] =>
  count >= set.size ? set : set.subset(spacedSamples(set.size, count));

/** What the job `examples` results in. */
export interface Examples {
  readonly clips: (ClipPair & { readonly defendedPrediction: string })[];
}

/** Some clips that the undefended model gets right, before and after the attack on both inputs. */
async function attackExamples(seed: number, context: JobContext): Promise<Examples> {
  const { settings, data, signal, report } = context;
  const { samples, pictures } = settings.evaluation.examples;
  const attack = pgd(budgetsOf(settings), { steps: settings.evaluation.steps });
  const undefended = classifierOf(await trainedModel('undefended', seed, context), { output: 'logits' });
  const defended = classifierOf(await trainedModel('amr-at', seed, context), { output: 'logits' });
  const set = evenlySpacedSubset(data.test, samples);
  const clips: Examples['clips'] = [];
  let done = 0;
  for await (const { ids, inputs, labels } of set.batches({ batchSize: 1 })) {
    report({ done: done++, total: samples, text: 'pictures' });
    if (signal.aborted) break;
    const truth = (await labels.data())[0]!;
    const name = (index: number) => set.classes[index]!;
    const clean = await prediction(undefended, inputs);
    if (clips.length < pictures && clean === truth) {
      const attacked = await attack.perturb(undefended, inputs, labels);
      const onDefended = await attack.perturb(defended, inputs, labels);
      const values = async (modality: string) => ({
        clean: [...(await inputs[modality]!.data())],
        attacked: [...(await attacked[modality]!.data())],
        shape: inputs[modality]!.shape.slice(1),
      });
      clips.push({
        id: ids[0]!,
        truth: name(truth),
        cleanPrediction: name(clean),
        attackedPrediction: name(await prediction(undefended, attacked)),
        defendedPrediction: name(await prediction(defended, onDefended)),
        video: { ...(await values(settings.video.modality)), epsilon: settings.video.epsilon },
        skeleton: { ...(await values('skeleton')), epsilon: settings.skeleton.epsilon },
      });
      tf.dispose([attacked, onDefended]);
    }
    tf.dispose([inputs, labels]);
  }
  signal.throwIfAborted();
  return { clips };
}

async function prediction(
  classifier: ReturnType<typeof classifierOf>,
  inputs: { [name: string]: tf.Tensor },
) {
  const best = tf.tidy(() => tf.argMax(classifier(inputs), 1));
  const [index] = await best.data();
  best.dispose();
  return index!;
}
