import type { Encoder, FusionName } from '@amr/encoders';
import {
  agcn,
  ctrgcn,
  hcn,
  i3dResNet50,
  mc3,
  multiStream,
  r2plus1d,
  r3d,
  resnet1d,
  resnet3d,
  singleStream,
  slowOnly50,
  stgcn,
  stgcnpp,
  twoStream,
  x3d,
} from '@amr/encoders';
import { ExternalFeatureMemory } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A small network, the same at each call, for what every network must do in every environment: be saved, be loaded, train. */
export interface NetworkCase {
  /** The name in test titles. */
  name: string;
  /** The network, whose weights differ from their initial values. */
  build: () => LayersModel;
}

const video = { inputShape: [4, 16, 16, 1], width: 4, blocks: [1, 1], name: 'depth', seed: 1 } as const;
const bodies = { frames: 8, persons: 2, layout: 'utd-mhad', width: 4, blocks: [1, 1], seed: 2 } as const;

/** Each encoder by its name. */
const encoders: { [name: string]: () => Encoder } = {
  'ST-GCN': () => stgcn(bodies),
  'ST-GCN of bones': () => stgcn({ ...bodies, stream: 'bone' }),
  'ST-GCN of motion': () => stgcn({ ...bodies, stream: 'joint-motion' }),
  'ST-GCN++': () => stgcnpp({ ...bodies, width: 6 }),
  '2s-AGCN': () => agcn(bodies),
  'CTR-GCN': () => ctrgcn({ ...bodies, width: 8 }),
  HCN: () => hcn({ frames: 16, layout: 'utd-mhad', width: 4, pointChannels: 16, hidden: 8, seed: 2 }),
  'ResNet of time series': () => resnet1d({ inputShape: [16, 6], widths: [4, 8], seed: 1 }),
  '3D ResNet': () => resnet3d(video),
  R3D: () => r3d(video),
  MC3: () => mc3(video),
  'R(2+1)D': () => r2plus1d(video),
  I3D: () => i3dResNet50({ ...video, width: 2 }),
  SlowOnly: () => slowOnly50({ ...video, width: 2 }),
  X3D: () =>
    x3d({ inputShape: [3, 16, 16, 3], width: 4, blocks: [1, 1], headWidth: 8, name: 'rgb', seed: 1 }),
};

const fusionNames: FusionName[] = [
  'amr',
  'mmtm',
  'concat',
  'sum',
  'gmu',
  'attention',
  'odd-one-out',
  'orthogonal',
  'late',
];

/** Changes each weight a little, so that none has the value that a new network would have. */
const moved = (network: LayersModel): LayersModel => {
  tf.tidy(() =>
    network.setWeights(
      network.getWeights().map((weight, i) => {
        const scale = tf.randomUniform(weight.shape, 0.8, 1.2, 'float32', 2 * i + 1);
        return tf.add(tf.mul(weight, scale), tf.randomUniform(weight.shape, 0, 0.02, 'float32', 2 * i + 2));
      }),
    ),
  );
  return network;
};

/** Each encoder with a classifier, each fusion of two of them by name, and one of four with reweighters in two places. */
export const everyNetwork: NetworkCase[] = [
  ...Object.entries(encoders).map(([name, encoder]) => ({
    name,
    build: () => moved(singleStream(encoder(), { classes: 3, seed: 3 })),
  })),
  {
    name: 'R3D with dropout',
    build: () => moved(singleStream(r3d(video), { classes: 3, dropout: 0.2, seed: 3 })),
  },
  ...fusionNames.map((fusion) => ({
    name: `two streams, ${fusion}`,
    build: () =>
      moved(twoStream({ rgb: resnet3d(video), skeleton: stgcn(bodies), classes: 3, fusion, seed: 3 })),
  })),
  {
    name: 'two streams, memory',
    build: () => {
      const fusion = new ExternalFeatureMemory({ slots: 4, steps: 3, seed: 3 });
      const network = moved(
        twoStream({ rgb: resnet3d(video), skeleton: stgcn(bodies), classes: 3, fusion, seed: 3 }),
      );
      // The weights of the memory belong together, so they are not changed one by one.
      const clean = [1, 2].map((seed) => tf.randomUniform([6, 8], 0, 1, 'float32', seed));
      fusion.remember(clean);
      tf.dispose(clean);
      return network;
    },
  },
  {
    name: 'four streams, amr at both stages',
    build: () => {
      const streams = {
        rgb: resnet3d({ ...video, inputShape: [4, 16, 16, 3], name: 'rgb' }),
        depth: resnet3d(video),
        skeleton: stgcn(bodies),
        inertial: resnet1d({ inputShape: [16, 6], widths: [4, 8], seed: 1 }),
      };
      return moved(multiStream({ streams, classes: 3, at: [1, 2], returnWeights: true, seed: 3 }));
    },
  },
];
