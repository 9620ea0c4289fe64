import type { Settings } from './settings.js';

const evaluation: Settings['evaluation'] = {
  steps: 20,
  shards: 4,
  batchSize: 16,
  curve: { samples: 64, scales: [0, 0.25, 0.5, 1, 2], steps: 10 },
  checks: { samples: 16, queries: 100 },
  examples: { samples: 24, pictures: 4 },
};

/** A 3D ResNet of one block a stage for frames of 32 x 32 pixels; behind the stem there are 8 frames. */
const video = (frames: 8 | 16, channels: number): Settings['video']['encoder'] => ({
  inputShape: [frames, 32, 32, channels],
  depth: 10,
  blocks: [1, 1, 1],
  width: 16,
  stemKernel: [3, 5, 5],
  stemStride: [frames / 8, 2, 2],
  poolStride: null,
  strides: [
    [1, 2, 2],
    [2, 2, 2],
    [2, 2, 2],
  ],
});

/** An ST-GCN of one block a stage for 32 frames. */
const skeleton = (
  layout: 'ntu-rgb+d' | 'utd-mhad',
  width: number,
  temporalKernel: number,
): Settings['skeleton']['encoder'] => ({
  frames: 32,
  persons: 1,
  layout,
  width,
  blocks: [1, 1, 1],
  initialStride: 2,
  temporalKernel,
});

const generated: Settings = {
  preset: 'generated',
  data: {
    kind: 'generated',
    seed: 1,
    samplesPerClass: 56,
    resolution: 32,
    frames: { skeleton: 32, rgb: 8 },
  },
  video: { modality: 'rgb', epsilon: 8 / 255, encoder: video(8, 3) },
  skeleton: { epsilon: 0.02, encoder: skeleton('ntu-rgb+d', 24, 5) },
  training: {
    epochs: 10,
    batchSize: 16,
    learningRate: 3e-3,
    weightDecay: 0.01,
    attackSteps: 2,
    dropout: 0.2,
    augmentation: { rotation: 15, scale: 0.1, shift: 2, brightness: 0.15, cropTime: 0.15 },
  },
  evaluation: {
    ...evaluation,
    samples: 128,
    curve: { samples: 30, scales: [0, 0.5, 1, 2], steps: 10 },
  },
  seeds: [1],
};

const utdMhad: Settings = {
  preset: 'utd-mhad',
  data: { kind: 'utd-mhad', root: '', resolution: 32, frames: { depth: 16, skeleton: 32 } },
  video: { modality: 'depth', epsilon: 8 / 255, encoder: { ...video(16, 1), mean: [0.2], std: [0.3] } },
  skeleton: { epsilon: 0.02, encoder: skeleton('utd-mhad', 32, 9) },
  training: {
    ...generated.training,
    epochs: 16,
    augmentation: { rotation: 25, scale: 0.15, shift: 3, brightness: 0.1, cropTime: 0.2, jitter: 0.005 },
  },
  evaluation: { ...evaluation, batchSize: 32, curve: { ...evaluation.curve, samples: 48 } },
  seeds: [1],
};

/**
 * Settings by name. Budgets are this project's defaults: linf 8/255 of a pixel's range and 2 cm of a joint's place.
 * The networks are small, so that two cores suffice; `resnet3d` and `stgcn` are the full-size ones by default.
 */
export const presets: { readonly [name: string]: Settings } = {
  generated,
  'generated-quick': {
    ...generated,
    preset: 'generated-quick',
    data: { ...generated.data, kind: 'generated', samplesPerClass: 16 } as Settings['data'],
    training: { ...generated.training, epochs: 7 },
    evaluation: {
      ...evaluation,
      samples: 20,
      shards: 1,
      curve: { samples: 7, scales: [0, 0.5, 1], steps: 5 },
      checks: { samples: 8, queries: 50 },
      examples: { samples: 8, pictures: 2 },
    },
  },
  'utd-mhad': utdMhad,
  // The same models with three seeds, attacked on a third of the test clips.
  'utd-mhad-seeds': {
    ...utdMhad,
    preset: 'utd-mhad-seeds',
    evaluation: {
      ...utdMhad.evaluation,
      samples: 144,
      shards: 2,
      curve: { samples: 0, scales: [1], steps: 1 },
    },
    seeds: [1, 2, 3],
  },
  'utd-mhad-quick': {
    ...utdMhad,
    preset: 'utd-mhad-quick',
    training: { ...utdMhad.training, epochs: 4 },
    evaluation: {
      ...evaluation,
      curve: { samples: 16, scales: [0, 0.5, 1], steps: 5 },
      examples: { samples: 8, pictures: 2 },
    },
  },
};
