import { seeds } from '@amr/layers';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { SequenceConvolution } from '../../layers/convolution/sequenceConvolution.js';
import { BatchNorm } from '../../layers/normalization/batchNorm.js';
import { ChannelNormalization } from '../../layers/normalization/channelNormalization.js';
import { GlobalAverage } from '../../layers/pooling/globalAverage.js';
import { checkCountList, checkKeys, checkNormalization, checkOption } from '../../options.js';

/** Config of {@link resnet1d}. Only `inputShape` has no default. */
export interface Resnet1dConfig {
  /** [frames, channels] of a recording, such as [180, 6] for an accelerometer and a gyroscope of three axes each. */
  inputShape: readonly [frames: number, channels: number];
  /** Channels of each block; there are as many blocks as numbers. Default [64, 128, 128]. */
  widths?: readonly number[];
  /** Frames that each convolution of a block spans; a block has as many convolutions as numbers. Default [8, 5, 3]. */
  kernels?: readonly number[];
  /** Mean of the input, one for each channel or one for all. Default 0. */
  mean?: number[];
  /** Standard deviation of the input, one for each channel or one for all. Default 1. */
  std?: number[];
  /** Name of the modality: the input has it, and every layer's name starts with it. Default `'inertial'`. */
  name?: string;
  /** Seed of the initial weights. Absent: different each time. */
  seed?: number;
}

/**
 * Residual network for time series such as those of inertial sensors: Wang, Yan & Oates, "Time Series Classification
 * from Scratch with Deep Neural Networks: A Strong Baseline", IJCNN 2017, section II C. Three blocks of three
 * convolutions with batch normalisation, relu(block(x) + shortcut(x)); the shortcut is batch normalisation, after a
 * pointwise convolution where the channels change, as in the authors' code. There are no strides: every length fits.
 *
 * Input: [batch, frames, channels] in the sensor's units; the normalisation by mean and std is a layer of the model.
 * Stages: one per block, [batch, frames, width]. Features: the mean over frames, [batch, the last width].
 *
 * @throws {EncoderConfigError} when a size does not fit; the message says what does
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { resnet1d } from '@amr/encoders';
 *
 * const { model, stages } = resnet1d({ inputShape: [50, 6], widths: [4, 8] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 50, 4], [null, 50, 8]]
 * const features = model.predict(tf.randomNormal([2, 50, 6])) as tf.Tensor; // [2, 8]
 * ```
 */
export function resnet1d(config: Resnet1dConfig): Encoder {
  const { inputShape, widths = [64, 128, 128], kernels = [8, 5, 3], name = 'inertial' } = config;
  const { mean = [0], std = [1] } = config;
  checkKeys('resnet1d', config, {
    inputShape: true,
    widths: true,
    kernels: true,
    mean: true,
    std: true,
    name: true,
    seed: true,
  });
  check({ inputShape, widths, kernels, mean, std });

  const seed = seeds(config.seed);
  const conv = (x: SymbolicTensor, part: string, filters: number, kernelSize: number) =>
    new SequenceConvolution({ filters, kernelSize, seed: seed(), name: `${name}${part}` }).apply(
      x,
    ) as SymbolicTensor;
  const norm = (x: SymbolicTensor, part: string) =>
    new BatchNorm({ name: `${name}${part}Norm` }).apply(x) as SymbolicTensor;
  const relu = (x: SymbolicTensor, part: string) =>
    layers.activation({ activation: 'relu', name: `${name}${part}` }).apply(x) as SymbolicTensor;

  const recording = input({ shape: [...inputShape], name });
  const normalization = new ChannelNormalization({ mean, std, name: `${name}Normalized` });
  let x = normalization.apply(recording) as SymbolicTensor;
  const stages: SymbolicTensor[] = [];
  for (const [b, width] of widths.entries()) {
    const block = `Block${b + 1}`;
    let y = x;
    for (const [k, kernelSize] of kernels.entries()) {
      const part = `${block}Conv${k + 1}`;
      y = norm(conv(y, part, width, kernelSize), part);
      if (k < kernels.length - 1) y = relu(y, `${part}Relu`);
    }
    const same = x.shape[2] === width;
    const shortcut = norm(same ? x : conv(x, `${block}Shortcut`, width, 1), `${block}Shortcut`);
    const sum = layers.add({ name: `${name}${block}Add` }).apply([y, shortcut]) as SymbolicTensor;
    x = relu(sum, `Stage${b + 1}`);
    stages.push(x);
  }
  const features = new GlobalAverage({ name: `${name}Features` }).apply(x) as SymbolicTensor;
  return {
    model: model({ inputs: recording, outputs: features, name: `${name}Encoder` }),
    stages,
    input: recording,
    features,
  };
}

type Checked = Required<Omit<Resnet1dConfig, 'name' | 'seed'>>;

function check({ inputShape, widths, kernels, mean, std }: Checked): void {
  const expected = '[frames, channels], such as [180, 6]';
  checkOption('resnet1d.inputShape', inputShape, inputShape?.length === 2, expected);
  checkCountList('resnet1d.inputShape', inputShape, '[180, 6]');
  checkCountList('resnet1d.widths', widths, '[64, 128, 128]');
  checkCountList('resnet1d.kernels', kernels, '[8, 5, 3]');
  checkNormalization('resnet1d', { mean, std }, inputShape[1]);
}
