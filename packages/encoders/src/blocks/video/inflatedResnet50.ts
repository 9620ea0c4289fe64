import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { PaddedMaxPool3D } from '../../layers/pooling/paddedMaxPool3D.js';
import { bottleneck } from './bottleneck.js';
import { grayNormalization } from './normalization.js';
import { videoChecks } from './videoChecks.js';
import type { VideoConfig } from './videoConfig.js';
import { residualStages, videoNetwork } from './videoNetwork.js';

/**
 * What {@link i3dResNet50} and {@link slowOnly50} can be told. Only `inputShape` has no default; mean is 0.45, std
 * 0.225.
 */
export interface InflatedResnet50Config extends VideoConfig {
  /** Number of blocks of each stage, for up to four stages. Default [3, 4, 6, 3]. */
  blocks?: readonly number[];
  /** Channels of the stem; the first stage has four times as many, each further one twice those before. Default 64. */
  width?: number;
}

/** Where an inflated ResNet-50 looks over time. */
export interface Inflation {
  /** Frames of the stem's kernel. */
  stemFrames: number;
  /** Frames of the first convolution of each stage's blocks, from the first block on and over again. */
  frames: readonly (readonly number[])[];
  /** A max pool behind the first stage that halves the frames. */
  temporalPool: boolean;
}

/** A 2D ResNet-50 whose kernels are given a time axis: the plan that I3D and SlowOnly share. */
export function inflatedResnet50(
  network: string,
  config: InflatedResnet50Config,
  inflation: Inflation,
): Encoder {
  const { blocks = [3, 4, 6, 3], width = 64, inputShape } = config;
  const check = videoChecks(network);
  check.whole('width', width);
  check.blocks(blocks, inflation.frames.length);
  const halved = inflation.temporalPool && blocks.length > 1;
  const stemStrides: Size3[] = [
    [1, 2, 2],
    [1, 2, 2],
  ];
  const strides = blocks.map((_, stage): Size3 => (stage === 0 ? [1, 1, 1] : [1, 2, 2]));
  const all: Size3[] = [...stemStrides, ...strides, ...(halved ? [[2, 1, 1] as Size3] : [])];
  check.inputShape(inputShape, all, 'Fewer stages (blocks) need less.');

  const net = videoNetwork(config, check.normalization(config, inputShape[3], grayNormalization));
  let x = net.conv(net.front, 'Stem', width, [inflation.stemFrames, 7, 7], stemStrides[0]);
  x = net.activation(x, 'StemRelu');
  const stemPool = { kernelSize: [1, 3, 3] as Size3, strides: stemStrides[1], name: net.nameOf('StemPool') };
  x = new PaddedMaxPool3D(stemPool).apply(x) as SymbolicTensor;

  const stages = residualStages(x, blocks, (y, place) => {
    const { stage, block } = place;
    let from = y;
    if (halved && stage === 1 && block === 0) {
      const half: Size3 = [2, 1, 1];
      const pool = { kernelSize: half, strides: half, padding: [0, 0, 0] as Size3 };
      from = new PaddedMaxPool3D({ ...pool, name: net.nameOf('Stage1Pool') }).apply(y) as SymbolicTensor;
    }
    const pattern = inflation.frames[stage]!;
    return bottleneck(net, from, place, {
      planes: width * 2 ** stage,
      strides: block === 0 ? strides[stage]! : [1, 1, 1],
      kind: 'spatial',
      frames: pattern[block % pattern.length]!,
    });
  });
  return net.encoder(stages, net.pooled(stages.at(-1)!));
}
