import { type Budget, classifierOf, pgd, square, type ThreatModel } from '@amr/attacks';
import { withAugmentation } from '@amr/datasets';
import {
  attackProgress,
  checkProgress,
  type Progress,
  trainingProgress,
  writeAtomically,
} from '@amr/example-jobs';
import { AdversarialTrainer, cosine, evaluateCurve, evaluateRobustness, modalityWeightsOf } from '@amr/train';
import { fileStore } from '@amr/train/node';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Data } from './data.js';
import { buildModel } from './model.js';
import type { ClipPair } from './pictures.js';
import { checkpointOf, type Defence, type Job, resultOf } from './plan.js';
import type { Settings } from './settings.js';

export interface Workplace {
  settings: Settings;
  out: string;
  data: Data;
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** What the adversary may change, by modality. */
export const budgetsOf = ({ video, skeleton }: Settings): { [modality: string]: Budget } => ({
  [video.modality]: { norm: 'linf', epsilon: video.epsilon, range: [0, 1] },
  // Absent bodies are all zero and stay so.
  skeleton: { norm: 'linf', epsilon: skeleton.epsilon, mask: presentBodies },
});

/** 1 for the joints of bodies that are there: [batch, persons, frames, joints, 3] -> the same shape. */
const presentBodies = (skeleton: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const present = tf.cast(tf.greater(tf.max(tf.abs(skeleton), [2, 3, 4], true), 0), 'float32');
    return tf.mul(tf.onesLike(skeleton), present);
  });

/** Does a job and writes its result file. @returns false when it was stopped before the end */
export async function work(job: Job, place: Workplace): Promise<boolean> {
  try {
    const result = await run(job, place);
    if (result === undefined) return false;
    writeAtomically(resultOf(place.out, job), `${JSON.stringify(result)}\n`);
    return true;
  } catch (error) {
    if (place.signal.aborted) return false;
    throw error;
  }
}

function run(job: Job, place: Workplace): Promise<object | undefined> {
  switch (job.kind) {
    case 'train':
      return train(job.defence, job.seed, place);
    case 'evaluate':
      return evaluate(job, place);
    case 'curve':
      return sweep(job.defence, job.seed, place);
    case 'look':
      return look(job.seed, place);
  }
}

const trainerOf = (model: LayersModel, defence: Defence, seed: number, { settings, out }: Workplace) => {
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

const trainSet = (seed: number, { data, settings }: Workplace) =>
  withAugmentation(data.train, { ...settings.training.augmentation, seed });

async function train(defence: Defence, seed: number, place: Workplace): Promise<object | undefined> {
  const { data, settings, signal, report } = place;
  const model = buildModel(settings, defence, seed, data.train.classes.length);
  const begun = performance.now();
  const { finished, history } = await trainerOf(model, defence, seed, place).fit(trainSet(seed, place), {
    epochs: settings.training.epochs,
    signal,
    callbacks: {
      onBatch: (batch) => report(trainingProgress(batch)),
    },
  });
  if (!finished) return undefined;
  return { history, parameters: model.countParams(), seconds: (performance.now() - begun) / 1000 };
}

/** A trained model: its weights come out of the finished training's checkpoint. */
async function trained(defence: Defence, seed: number, place: Workplace): Promise<LayersModel> {
  const { data, settings } = place;
  const model = buildModel(settings, defence, seed, data.train.classes.length);
  await trainerOf(model, defence, seed, place).fit(trainSet(seed, place), {
    epochs: settings.training.epochs,
  });
  return model;
}

async function evaluate(job: Job & { kind: 'evaluate' }, place: Workplace): Promise<object> {
  const { settings, signal, report } = place;
  const { checks } = settings.evaluation;
  const model = await trained(job.defence, job.seed, place);
  const result = await evaluateRobustness(classifierOf(model, { output: 'logits' }), tested(place), {
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
    onProgress: (made) => report(attackProgress(made)),
  });
  return result.toJSON();
}

async function sweep(defence: Defence, seed: number, place: Workplace): Promise<object> {
  const { settings, data, signal, report } = place;
  const { samples, scales, steps } = settings.evaluation.curve;
  const model = await trained(defence, seed, place);
  return evaluateCurve(classifierOf(model, { output: 'logits' }), spread(data.test, samples), {
    budgets: budgetsOf(settings),
    scales: [...scales],
    attack: (threatModel: ThreatModel) => pgd(threatModel, { steps }),
    batchSize: settings.evaluation.batchSize,
    signal,
    onProgress: ({ done, total }) => report({ done, total, text: '' }),
  });
}

const tested = ({ settings, data }: Workplace) =>
  spread(data.test, settings.evaluation.samples ?? data.test.size);

/** `count` samples spread evenly over the set. */
const spread = (set: Data['test'], count: number): Data['test'] =>
  count >= set.size
    ? set
    : set.subset(Array.from({ length: count }, (_, i) => Math.floor((i * set.size) / count)));

export interface Looks {
  readonly clips: (ClipPair & { readonly defendedPrediction: string })[];
}

/** Some clips that the undefended model gets right, before and after the attack on both inputs. */
async function look(seed: number, place: Workplace): Promise<Looks> {
  const { settings, data, signal, report } = place;
  const { samples, pictures } = settings.evaluation.look;
  const attack = pgd(budgetsOf(settings), { steps: settings.evaluation.steps });
  const undefended = classifierOf(await trained('undefended', seed, place), { output: 'logits' });
  const defended = classifierOf(await trained('amr-at', seed, place), { output: 'logits' });
  const set = spread(data.test, samples);
  const clips: Looks['clips'] = [];
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
