import { seeds } from '@amr/layers';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { SequenceConvolution } from '../../layers/convolution/sequenceConvolution.js';
import { BatchNorm } from '../../layers/normalization/batchNorm.js';
import { ChannelNormalization } from '../../layers/normalization/channelNormalization.js';
import { GlobalAverage } from '../../layers/pooling/globalAverage.js';
import { refuse } from '../../options.js';

/** What {@link resnet1d} can be told. Only `inputShape` has no default. */
export interface Resnet1dConfig {
  /** [frames, channels] of a recording, such as [180, 6] for an accelerometer and a gyroscope of three axes each. */
  inputShape: readonly [frames: number, channels: number];
  /** Channels of each block; as many blocks as numbers. Default [64, 128, 128]. */
  widths?: readonly number[];
  /** Frames that each convolution of a block spans; as many convolutions as numbers. Default [8, 5, 3]. */
  kernels?: readonly number[];
  /** Mean of the input, per channel or for all. Default 0. */
  mean?: number[];
  /** Standard deviation of the input, per channel or for all. Default 1. */
  std?: number[];
  /** Name of the modality: of the input, and in front of every layer's name. Default `'inertial'`. */
  name?: string;
  /** Seed of the initial weights. Absent: different each time. */
  seed?: number;
}

/**
 * Residual network for time series such as those of inertial sensors: Wang, Yan & Oates, "Time Series Classification
 * from Scratch with Deep Neural Networks: A Strong Baseline", IJCNN 2017, section II C. Three blocks of three
 * convolutions with batch normalisation, relu(block(x) + shortcut(x)); the shortcut is batch normalisation, behind a
 * pointwise convolution where the channels change, as in the authors' code. Nothing is strided: every length fits.
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

function check({
  inputShape,
  widths,
  kernels,
  mean,
  std,
}: Required<Omit<Resnet1dConfig, 'name' | 'seed'>>): void {
  const fail = (message: string) => refuse('resnet1d', message);
  if (inputShape?.length !== 2) {
    fail(`got inputShape [${inputShape}]; expected [frames, channels], such as [180, 6].`);
  }
  for (const [option, sizes] of Object.entries({ inputShape, widths, kernels })) {
    if (sizes.length === 0 || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
      fail(`got ${option} [${sizes}]; expected whole numbers above 0.`);
    }
  }
  const channels = inputShape[1];
  const fits = mean.length === std.length && [1, channels].includes(mean.length);
  if (!fits || !mean.every(Number.isFinite) || !std.every((value) => value > 0)) {
    fail(
      `got mean [${mean}] and std [${std}] for ${channels} channels; expected one number each, or one per channel, std above 0.`,
    );
  }
}
