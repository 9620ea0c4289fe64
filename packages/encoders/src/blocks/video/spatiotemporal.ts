import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import type { VideoNetworkBuilder } from './videoNetwork.js';

/**
 * The three-by-three convolutions of a block: over time and space together, over space alone, or over space and then
 * over time with a normalisation and a relu between the two.
 */
export type ConvolutionKind = 'joint' | 'spatial' | 'factored';

/**
 * Channels between the spatial and the temporal half of a (2+1)D convolution with which it has as many weights as the
 * 3x3x3 convolution (Tran et al., CVPR 2018, section 3.5). As in torchvision, a block has one such number, computed from
 * its input channels and the channels of its convolutions.
 */
export function middleChannels(inputs: number, planes: number): number {
  return Math.floor((inputs * planes * 27) / (inputs * 9 + 3 * planes));
}

/** A convolution of one {@link ConvolutionKind}, then its normalisation. */
export function spatiotemporal(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  part: string,
  {
    kind,
    filters,
    middle,
    strides = [1, 1, 1],
  }: {
    kind: ConvolutionKind;
    filters: number;
    /** Channels between the halves of a factored convolution. */
    middle: number;
    strides?: Size3;
  },
): SymbolicTensor {
  if (kind !== 'factored') {
    return network.conv(x, part, filters, kind === 'joint' ? [3, 3, 3] : [1, 3, 3], strides);
  }
  return factored(network, x, part, { filters, middle, kernelSize: [3, 3, 3], strides });
}

/** A (2+1)D convolution of any kernel and stride, then its normalisation. */
export function factored(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  part: string,
  options: { filters: number; middle: number; kernelSize: Size3; strides: Size3 },
): SymbolicTensor {
  const { filters, middle, kernelSize, strides } = options;
  const [frames, height, width] = kernelSize;
  const [step, down, across] = strides;
  const spatial = network.conv(x, `${part}Spatial`, middle, [1, height, width], [1, down, across]);
  const y = network.activation(spatial, `${part}SpatialRelu`);
  return network.conv(y, `${part}Temporal`, filters, [frames, 1, 1], [step, 1, 1]);
}
