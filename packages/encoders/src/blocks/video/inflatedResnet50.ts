import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { PaddedMaxPool3D } from '../../layers/pooling/paddedMaxPool3D.js';
import { checkCount, checkKeys } from '../../options.js';
import { bottleneck } from './bottleneck.js';
import { grayNormalization } from './normalization.js';
import { checkBlocks, checkInputShape, normalizationOf } from './videoChecks.js';
import { type VideoConfig, videoKeys } from './videoConfig.js';
import { residualStages, videoNetwork } from './videoNetwork.js';

/**
 * Config of {@link i3dResNet50} and {@link slowOnly50}. Only `inputShape` has no default. The default mean is 0.45, the
 * default std 0.225.
 */
export interface InflatedResnet50Config extends VideoConfig {
  /** Number of blocks of each stage, for up to four stages. Default [3, 4, 6, 3]. */
  blocks?: readonly number[];
  /** Channels of the stem; the first stage has four times as many, and each further stage doubles them. Default 64. */
  width?: number;
}

/** Where an inflated ResNet-50 convolves over time. */
export interface Inflation {
  /** Frames of the stem's kernel. */
  stemFrames: number;
  /** Frames that the first convolution of a block spans: a list for each stage, repeated along its blocks. */
  frames: readonly (readonly number[])[];
  /** A max pool after the first stage halves the frames. */
  temporalPool: boolean;
}

/** A 2D ResNet-50 whose kernels get a time axis, the network that I3D and SlowOnly share. */
export function inflatedResnet50(
  network: string,
  config: InflatedResnet50Config,
  inflation: Inflation,
): Encoder {
  const { blocks = [3, 4, 6, 3], width = 64, inputShape } = config;
  checkKeys(network, config, { ...videoKeys, blocks: true, width: true });
  checkCount(`${network}.width`, width);
  checkBlocks(network, blocks, inflation.frames.length);
  const halved = inflation.temporalPool && blocks.length > 1;
  const stemStrides: Size3[] = [
    [1, 2, 2],
    [1, 2, 2],
  ];
  const strides = blocks.map((_, stage): Size3 => (stage === 0 ? [1, 1, 1] : [1, 2, 2]));
  const all: Size3[] = [...stemStrides, ...strides, ...(halved ? [[2, 1, 1] as Size3] : [])];
  checkInputShape(network, inputShape, all, 'Fewer stages (blocks) take smaller inputs.');

  const net = videoNetwork(config, normalizationOf(network, config, inputShape[3], grayNormalization));
  let x = net.conv(net.normalized, 'Stem', width, [inflation.stemFrames, 7, 7], stemStrides[0]);
  x = net.activation(x, 'StemRelu');
  const stemPool = { kernelSize: [1, 3, 3] as Size3, strides: stemStrides[1], name: net.nameOf('StemPool') };
  x = new PaddedMaxPool3D(stemPool).apply(x) as SymbolicTensor;

  const stages = residualStages(x, blocks, (y, position) => {
    const { stage, block } = position;
    let from = y;
    if (halved && stage === 1 && block === 0) {
      const half: Size3 = [2, 1, 1];
      const pool = { kernelSize: half, strides: half, padding: [0, 0, 0] as Size3 };
      from = new PaddedMaxPool3D({ ...pool, name: net.nameOf('Stage1Pool') }).apply(y) as SymbolicTensor;
    }
    const pattern = inflation.frames[stage]!;
    return bottleneck(net, from, position, {
      planes: width * 2 ** stage,
      strides: block === 0 ? strides[stage]! : [1, 1, 1],
      kind: 'spatial',
      frames: pattern[block % pattern.length]!,
    });
  });
  return net.encoder(stages, net.pooled(stages.at(-1)!));
}
