import { actionNames } from '@amr/datasets';
import {
  type Encoder,
  type Resnet3dConfig,
  r3d,
  resnet3d,
  type StgcnConfig,
  singleStream,
  stgcn,
  twoStream,
} from '@amr/encoders';
import { buildModel } from '@amr/example-quickstart/model';
import { presets } from '@amr/example-quickstart/presets';
import { zeroInitialized } from '@amr/testing/networks/zeroInitialized';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TaskName } from './tasks.js';

/** A network with the batch that it is measured on. */
export interface Case {
  /** Its name in `--cases`. */
  name: string;
  /** Its name in tables. */
  title: string;
  /** Samples in a batch. */
  batch: number;
  /** What is measured, in the order of its cost. */
  tasks: readonly TaskName[];
  /** The network, all of its weights zero: both sides read them from one file. */
  build(): LayersModel;
  /** Whether it is measured only when it is named. */
  hidden?: boolean;
}

const classes = 60;
const passes = ['forward', 'gradient', 'training'] as const;
const everything = [
  ...passes,
  'pgd-rgb',
  'pgd-skeleton',
  'pgd-skeleton-frozen',
  'pgd-both',
  'adversarial-2',
  'adversarial-10',
] as const;

const clips = (width: number) => r3d({ inputShape: [16, 56, 56, 3], depth: 10, width });
const skeletons = (config: Partial<StgcnConfig> = {}) => stgcn({ frames: 64, ...config });
const classified = (encoder: () => Encoder) => () =>
  zeroInitialized(() => singleStream(encoder(), { classes }));

/** Small enough for a test: each layer of the others is in it. */
const tiny: { rgb: Resnet3dConfig; skeleton: StgcnConfig } = {
  rgb: { inputShape: [4, 16, 16, 3], width: 4, blocks: [1, 1], stem: 'r3d' },
  skeleton: { frames: 8, layout: 'utd-mhad', width: 4, blocks: [1, 1] },
};

/** The preset of the last case's training: the quickstart's default. */
export const quickstart = presets['generated']!;

/** All cases. */
export const cases: readonly Case[] = [
  {
    name: 'r3d-10',
    title: 'r3d-10, width 16',
    batch: 4,
    tasks: passes,
    build: classified(() => clips(16)),
  },
  {
    name: 'r3d-10-full',
    title: 'r3d-10, width 64',
    batch: 2,
    tasks: passes,
    build: classified(() => clips(64)),
  },
  { name: 'stgcn', title: 'ST-GCN', batch: 8, tasks: passes, build: classified(() => skeletons()) },
  {
    name: 'two-stream',
    title: 'two-stream AMR',
    batch: 4,
    tasks: everything,
    build: () => zeroInitialized(() => twoStream({ rgb: clips(16), skeleton: skeletons(), classes })),
  },
  {
    name: 'quickstart',
    title: "the quickstart's AMR + AT",
    batch: quickstart.training.batchSize,
    tasks: ['epoch'],
    build: () => zeroInitialized(() => buildModel(quickstart, 'amr-at', 1, actionNames.length)),
  },
  {
    name: 'tiny',
    title: 'two-stream AMR, tiny',
    batch: 2,
    tasks: everything,
    hidden: true,
    build: () =>
      zeroInitialized(() =>
        twoStream({ rgb: resnet3d(tiny.rgb), skeleton: stgcn(tiny.skeleton), classes: 4 }),
      ),
  },
];
