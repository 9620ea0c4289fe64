import { noise } from '@amr/testing/tensors/noise';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';

/** Frames of each sample of {@link paddedSkeletons} that hold a pose. */
export const FRAMES = [6, 4, 2, 5];

/** Poses [4, 6, 5]: sample i has FRAMES[i] frames, those after them are 0. */
export function paddedSkeletons(): tf.Tensor3D {
  return tf.tidy(() => tf.mul(tf.tensor3d(noise(4 * 6 * 5, 3), [4, 6, 5]), framesPresent()));
}

/** [4, 6, 1], 1 where {@link paddedSkeletons} has a pose. */
export function framesPresent(): tf.Tensor3D {
  return tf.tensor3d(FRAMES.map((count) => [...Array(6).keys()].map((t) => [t < count ? 1 : 0])));
}

/** Classifiers with 3 logits of padded skeletons, {@link paddedSkeletons}: the usual ones that mask or dilate. */
export const sequenceModels: { [name: string]: () => LayersModel } = {
  'Masking and LSTM': () => sequenceModel([layers.masking(), layers.lstm({ units: 4, ...recurrent })]),
  'Masking and two GRUs': () =>
    sequenceModel([
      layers.masking(),
      layers.gru({ units: 4, returnSequences: true, ...recurrent }),
      layers.gru({ units: 3, ...recurrent }),
    ]),
  'Masking and a bidirectional SimpleRNN': () =>
    sequenceModel([
      layers.masking(),
      layers.bidirectional({
        layer: layers.simpleRNN({ units: 3, ...recurrent }) as never,
        mergeMode: 'concat',
      }),
    ]),
  'Masking and Conv1D': () =>
    sequenceModel([
      layers.masking(),
      layers.conv1d({ filters: 4, kernelSize: 3, activation: 'tanh', ...weights(5) }),
      layers.globalAveragePooling1d(),
    ]),
  'dilated Conv1Ds': () =>
    sequenceModel([
      layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh', ...weights(6) }),
      layers.conv1d({
        filters: 4,
        kernelSize: 2,
        padding: 'same',
        dilationRate: 2,
        activation: 'tanh',
        ...weights(7),
      }),
      layers.flatten(),
    ]),
  'dilated Conv2D': () =>
    sequenceModel([
      layers.reshape({ targetShape: [6, 5, 1] }),
      layers.conv2d({ filters: 3, kernelSize: 2, dilationRate: [2, 3], ...weights(8) }),
      layers.activation({ activation: 'tanh' }),
      layers.flatten(),
    ]),
  'dilated depthwise Conv2D': () =>
    sequenceModel([
      layers.reshape({ targetShape: [6, 1, 5] }),
      layers.depthwiseConv2d({
        kernelSize: [3, 1],
        dilationRate: [2, 1],
        depthMultiplier: 2,
        depthwiseInitializer: weights(9).kernelInitializer,
        activation: 'tanh',
      }),
      layers.flatten(),
    ]),
};

/** Words [4, 3], of which 0 stands for none, and poses, whose embedding and LSTMs are joined. */
export function wordsAndPoses(): LayersModel {
  const words = input({ shape: [3], name: 'words', dtype: 'int32' });
  const poses = input({ shape: [6, 5], name: 'skeleton' });
  const embedded = layers
    .embedding({
      inputDim: 5,
      outputDim: 4,
      maskZero: true,
      embeddingsInitializer: weights(1).kernelInitializer,
    })
    .apply(words);
  const joined = layers
    .concatenate()
    .apply([
      layers.lstm({ units: 3, ...recurrent }).apply(embedded),
      layers.lstm({ units: 3, ...recurrent }).apply(layers.masking().apply(poses)),
    ] as SymbolicTensor[]);
  const logits = layers.dense({ units: 3, name: 'logits', ...weights(2) }).apply(joined);
  return model({ inputs: [words, poses], outputs: logits as SymbolicTensor });
}

/** The input `words` of {@link wordsAndPoses}. */
export const someWords = (): tf.Tensor2D =>
  tf.tensor2d([[1, 2, 0], [3, 0, 0], [4, 4, 1], [2, 3, 4]], [4, 3], 'int32'); // biome-ignore format: one row per sample

function sequenceModel(hidden: layers.Layer[]): LayersModel {
  const poses = input({ shape: [6, 5], name: 'skeleton' });
  const features = hidden.reduce((x, layer) => layer.apply(x) as SymbolicTensor, poses);
  const logits = layers.dense({ units: 3, name: 'logits', ...weights(4) }).apply(features);
  return model({ inputs: poses, outputs: logits as SymbolicTensor });
}

/** Large enough that a model's logits depend on its input visibly. */
function weights(seed: number) {
  return {
    kernelInitializer: { className: 'RandomUniform', config: { minval: -1, maxval: 1, seed } } as never,
  };
}

const recurrent = {
  ...weights(11),
  recurrentInitializer: weights(12).kernelInitializer,
  recurrentActivation: 'sigmoid',
} as const;
