import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import type { VideoNetwork } from './videoNetwork.js';

/**
 * The three-by-three convolutions of a block: over time and space at once, over space alone, or over space and then
 * over time with a normalisation and a relu between the two.
 */
export type ConvolutionKind = 'joint' | 'spatial' | 'factored';

/**
 * Channels between the spatial and the temporal half of a (2+1)D convolution that give it the weights of the 3x3x3 one
 * (Tran et al., CVPR 2018, section 3.5). As in torchvision, a block has one such number, from the channels that come
 * into it and those of its own convolutions.
 */
export function middleChannels(inward: number, planes: number): number {
  return Math.floor((inward * planes * 27) / (inward * 9 + 3 * planes));
}

/** A convolution of one {@link ConvolutionKind} and its normalisation. */
export function spatiotemporal(
  network: VideoNetwork,
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
    /** Channels between the halves of a factored one. */
    middle: number;
    strides?: Size3;
  },
): SymbolicTensor {
  if (kind !== 'factored') {
    return network.conv(x, part, filters, kind === 'joint' ? [3, 3, 3] : [1, 3, 3], strides);
  }
  return factored(network, x, part, { filters, middle, kernelSize: [3, 3, 3], strides });
}

/** A (2+1)D convolution of any kernel and stride, and its normalisation. */
export function factored(
  network: VideoNetwork,
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
