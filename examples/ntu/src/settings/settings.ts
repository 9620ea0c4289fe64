import { z } from 'zod';
import {
  either,
  flag,
  fraction,
  group,
  kinds,
  listOf,
  named,
  notNegative,
  oneOf,
  positive,
  positiveWhole,
  share,
  shareBelowOne,
  size3,
  text,
  wholeFrom,
} from './expectations.js';

/*
 * Everything that the numbers of a run depend on, as the files in presets/ and datasets/ give it. Those files explain each
 * value and its source; this schema says what is allowed.
 */

const counts = group({ train: positiveWhole, test: positiveWhole });

/** The data set, and the paths of its files. */
const dataset = group({
  title: text,
  /** Name of the source format of `@amr/datasets`. */
  format: text,
  classes: wholeFrom(2),
  /** Options of the format that are paths, given by `--root name=path`; and which of them are required. */
  roots: z.record(z.string(), oneOf(['required', 'optional'])),
  /** The default split. */
  split: text,
  /** Published numbers of clips by split. */
  counts: z.record(z.string(), counts),
  /** Passes over the training clips in an epoch: presets count epochs in passes over some 40,000 clips. */
  passes: positiveWhole,
});

const budget = group({
  norm: oneOf(['linf', 'l2']),
  epsilon: fraction,
  /** Number of leading coordinates of a joint that may be changed; absent: all. A detector's score isn't one of them. */
  coordinates: positiveWhole.optional(),
});

const streams = group({
  video: group({
    /** Name of the modality in the prepared data. */
    modality: text,
    channels: positiveWhole,
    budget,
  }),
  skeleton: group({
    modality: text,
    layout: oneOf([
      'ntu-rgb+d',
      'ntu-rgb+d-pyskl',
      'openpose-18',
      'coco-17',
      'utd-mhad',
      'kinect-v1',
      'imigue',
      'imigue-upper',
    ]),
    persons: positiveWhole,
    coordinates: wholeFrom(2),
    confidence: flag,
    budget,
  }),
});

/** The effect of mirroring a sample, which depends on the data set, unlike other augmentation. */
const mirror = group({
  probability: share,
  /** Classes that become another class when mirrored. */
  classes: z.array(z.tuple([text, text])),
});

/** How the data set's files become arrays. */
const prepare = group({
  video: group({
    frames: positiveWhole,
    size: positiveWhole,
    sampling: oneOf(['uniform', 'segments', 'dense']),
    stride: positiveWhole.optional(),
    crop: oneOf(['person', 'center', 'stretch', 'letterbox']),
    margin: notNegative.optional(),
  }),
  /** Frames of each skeleton, and other options of the data set's format, which checks them. */
  skeleton: z.looseObject({ frames: positiveWhole }),
});

/** Frames that the network reads, evenly spaced among the prepared ones; absent: all. */
const frames = positiveWhole.optional();
const video = { frames, size: positiveWhole, width: positiveWhole.optional() };
const blocks = listOf(positiveWhole, 'numbers of blocks, one for each stage').optional();
const resnet = {
  ...video,
  depth: either('one of 10, 18, 34, 50', z.literal([10, 18, 34, 50])).optional(),
  blocks,
  stemKernel: size3.optional(),
  stemStride: size3.optional(),
  poolStride: either("three positive whole numbers, or 'none'", size3, z.literal('none')).optional(),
  strides: listOf(size3, 'strides, one for each stage').optional(),
};
const VIDEO = ['resnet3d', 'r3d', 'mc3', 'r2plus1d', 'i3dResNet50', 'slowOnly50', 'x3d'] as const;
const videoNetwork = kinds(
  'network',
  [
    group({ network: z.literal('resnet3d'), ...resnet, stem: oneOf(['hara', 'r3d', 'r2plus1d']).optional() }),
    group({ network: z.enum(['r3d', 'mc3', 'r2plus1d']), ...resnet }),
    group({ network: z.enum(['i3dResNet50', 'slowOnly50', 'x3d']), ...video, blocks }),
  ],
  VIDEO,
);

const skeleton = {
  frames,
  width: positiveWhole.optional(),
  dropout: shareBelowOne.optional(),
  stream: oneOf(['joint', 'bone', 'joint-motion', 'bone-motion']).optional(),
  normalize: oneOf(['root', 'none']).optional(),
};
const graphNetwork = {
  ...skeleton,
  blocks,
  temporalKernel: positiveWhole.optional(),
  initialStride: positiveWhole.optional(),
};
const SKELETON = ['stgcn', 'stgcnpp', 'agcn', 'ctrgcn', 'hcn'] as const;
const skeletonNetwork = kinds(
  'network',
  [
    group({ network: z.enum(['stgcn', 'stgcnpp', 'agcn', 'ctrgcn']), ...graphNetwork }),
    group({ network: z.literal('hcn'), ...skeleton }),
  ],
  SKELETON,
);

const models = group({
  video: videoNetwork,
  skeleton: skeletonNetwork,
  /** Dropout rate of the (fused) features in front of the classifier. */
  dropout: shareBelowOne,
});

const optimizer = kinds(
  'kind',
  [
    group({ kind: z.literal('adam'), learningRate: positive }),
    group({ kind: z.literal('sgd'), learningRate: positive, momentum: shareBelowOne, nesterov: flag }),
  ],
  ['adam', 'sgd'],
);

/** Augmentation of the training clips; absent entries change nothing. The mirror is the data set's. */
const augmentation = group({
  /** The crop has the network's size: at random in training, at the centre in tests. */
  rotation: notNegative.optional(),
  scale: shareBelowOne.optional(),
  jitter: notNegative.optional(),
  shift: wholeFrom(0).optional(),
  brightness: share.optional(),
  cropTime: shareBelowOne.optional(),
  roll: notNegative.optional(),
  zoom: shareBelowOne.optional(),
});

const training = {
  epochs: positiveWhole,
  batchSize: positiveWhole,
  optimizer,
  /** Fraction of the training with a rising learning rate (warm-up); then it falls along half a cosine. */
  warmup: shareBelowOne,
  /** Decoupled weight decay: a step shrinks weights by learning rate times this. */
  weightDecay: notNegative,
  labelSmoothing: shareBelowOne,
  /** Largest norm of all gradients together (clipping). Default: none. */
  gradientClip: positive.optional(),
  augmentation,
};
/** Training of one stream alone; `weights` is a file of PyTorch weights that it starts from. */
const unimodal = group({ ...training, weights: text.optional() });
/** Training of the two-stream networks: the same for all of them, so that they differ in their defence only. */
const joint = group({
  ...training,
  attack: group({
    steps: positiveWhole,
    randomStart: flag,
    /** Which inputs are attacked: both at once, or each alone and both in turn, batch by batch. */
    conditions: oneOf(['both', 'in-turn']),
  }),
  /** Weight of the clean clips in the loss, from 0 to 1. */
  cleanShare: shareBelowOne,
});

const FUSIONS = ['concat', 'sum', 'gmu', 'attention', 'odd-one-out', 'amr', 'mmtm', 'memory'] as const;
const model = group({
  title: text,
  fusion: oneOf(FUSIONS),
  /** The stage of both encoders after which an exchange fusion is inserted. */
  at: either(
    "'last', 'features' or a stage's number",
    z.enum(['last', 'features']),
    positiveWhole,
  ).optional(),
  /** Options of the reweighter of fusion 'amr'. */
  reweighter: group({
    granularity: oneOf(['modality', 'channel']).optional(),
    reductionRatio: positive.optional(),
    temperature: positive.optional(),
  }).optional(),
  objective: oneOf(['cross-entropy', 'amr']),
  /** Weight of the auxiliary heads' losses in objective 'amr'. */
  lambda: notNegative.optional(),
  /** Whether it is trained on attacked clips. */
  adversarial: flag,
});

const loss = oneOf(['cross-entropy', 'cw', 'dlr']).optional();
const ATTACKS = ['fgsm', 'pgd', 'mifgsm', 'apgd', 'square', 'noise', 'autoAttack'] as const;
const attack = kinds(
  'attack',
  [
    group({ attack: z.literal('fgsm'), title: text, loss }),
    group({
      attack: z.literal('pgd'),
      title: text,
      steps: positiveWhole,
      loss,
      randomStart: flag.optional(),
      restarts: positiveWhole.optional(),
    }),
    group({
      attack: z.literal('mifgsm'),
      title: text,
      steps: positiveWhole,
      loss,
      randomStart: flag.optional(),
    }),
    group({
      attack: z.literal('apgd'),
      title: text,
      steps: positiveWhole,
      loss,
      restarts: positiveWhole.optional(),
      targetClasses: positiveWhole.optional(),
    }),
    group({ attack: z.literal('square'), title: text, queries: positiveWhole }),
    group({ attack: z.literal('noise'), title: text, repeats: positiveWhole.optional() }),
    group({
      attack: z.literal('autoAttack'),
      title: text,
      version: oneOf(['standard', 'plus']),
      /** A shorter standard ensemble: steps of its gradient attacks, classes of the targeted ones, queries of Square. */
      short: group({ steps: positiveWhole, targetClasses: positiveWhole, queries: positiveWhole }).optional(),
    }),
  ],
  ATTACKS,
);

const samples = either("a positive whole number, or 'all'", positiveWhole, z.literal('all'));
/** Attacks on the same test clips, under each condition. */
const suite = group({
  title: text,
  /** Number of attacked test clips, evenly spaced over the set, or `all`. */
  samples,
  attacks: named(attack),
});

const evaluation = group({
  batchSize: positiveWhole,
  /** Whether an attack on a clip ends at its first success. Robust accuracy then counts any point on the way. */
  stopWhenFooled: flag,
  suites: named(suite),
  /** Clips and queries of Square for the checks of each model's evaluation, which search for failing attacks. */
  checks: group({ samples: positiveWhole, queries: positiveWhole }).optional(),
});

export const settingsSchema = group({
  dataset,
  prepare,
  streams,
  mirror,
  models,
  training: group({ video: unimodal, skeleton: unimodal, joint }),
  /** The two-stream networks that are compared, by name. */
  defences: named(model),
  /** The defence that the others are compared with. */
  baseline: text,
  evaluation,
  seeds: listOf(wholeFrom(0), 'whole numbers'),
  /** Networks at once; absent: one for each core. It changes no number. */
  jobs: positiveWhole.optional(),
}).check(({ value, issues }) => {
  const refuse = (path: (string | number)[], message: string) =>
    issues.push({ code: 'custom', path, message, input: path.reduce<unknown>(at, value) });
  if (!(value.baseline in value.defences)) {
    refuse(['baseline'], `one of the defences, ${Object.keys(value.defences).join(', ')}`);
  }
  if (!(value.dataset.split in value.dataset.counts)) {
    refuse(['dataset', 'split'], `one of the splits, ${Object.keys(value.dataset.counts).join(', ')}`);
  }
  if (value.models.video.size > value.prepare.video.size) {
    refuse(
      ['models', 'video', 'size'],
      `no more than the prepared pictures' size, ${value.prepare.video.size}`,
    );
  }
  for (const stream of ['video', 'skeleton'] as const) {
    const prepared = value.prepare[stream].frames;
    if ((value.models[stream].frames ?? prepared) > prepared) {
      refuse(['models', stream, 'frames'], `no more than the prepared frames, ${prepared}`);
    }
  }
  for (const [name, { fusion, reweighter }] of Object.entries(value.defences)) {
    if (reweighter && fusion !== 'amr') {
      refuse(['defences', name, 'reweighter'], "nothing: only fusion 'amr' has a reweighter");
    }
  }
});

const at = (tree: unknown, key: string | number): unknown => (tree as { [key: string]: unknown })?.[key];

/** The complete settings of a run. */
export type Settings = z.infer<typeof settingsSchema>;
/** An attack of the evaluation. */
export type AttackSettings = Settings['evaluation']['suites'][string]['attacks'][string];
/** How one stage is trained. */
export type TrainingSettings = Settings['training']['video'];
/** One of the two streams. */
export type StreamName = 'video' | 'skeleton';
