import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { DepthwiseConv3D } from '../../layers/convolution/depthwiseConv3D.js';
import { PaddedConv3D, type Size3 } from '../../layers/convolution/paddedConv3D.js';
import { SqueezeExcitation } from '../../layers/squeezeExcitation.js';
import { type BlockPosition, channelsOf, type VideoNetworkBuilder } from './videoNetwork.js';

/** The inner convolutions of a block have this many times its output channels, rounded down. */
const bottleneckFactor = 2.25;

/** The channels of the depthwise convolution in a block with `filters` output channels. */
export function innerChannels(filters: number): number {
  return Math.floor(bottleneckFactor * filters);
}

/**
 * X3D's inverted bottleneck: a pointwise convolution, a depthwise one of 3x3x3, squeeze-and-excitation in every second
 * block starting with the first, swish, and a pointwise convolution, with a shortcut around them.
 */
export function x3dBlock(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  position: BlockPosition,
  { filters, strides }: { filters: number; strides: Size3 },
): SymbolicTensor {
  const { part, block } = position;
  let y = network.conv(x, `${part}Conv1`, innerChannels(filters), [1, 1, 1]);
  y = network.activation(y, `${part}Relu1`);
  const depthwise = { kernelSize: [3, 3, 3] as Size3, strides, seed: network.seed() };
  y = new DepthwiseConv3D({ ...depthwise, name: network.nameOf(`${part}Depthwise`) }).apply(
    y,
  ) as SymbolicTensor;
  y = network.norm(y, `${part}Depthwise`);
  if (block % 2 === 0) {
    const gate = new SqueezeExcitation({ seed: network.seed(), name: network.nameOf(`${part}Excitation`) });
    y = gate.apply(y) as SymbolicTensor;
  }
  y = network.activation(y, `${part}Swish`, 'swish');
  y = network.conv(y, `${part}Conv3`, filters, [1, 1, 1]);
  return network.residual(y, shortcut(network, x, part, filters, strides), position);
}

/** As published, a shortcut that changes the channels is normalised; one that only strides is not. */
function shortcut(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  part: string,
  filters: number,
  strides: Size3,
): SymbolicTensor {
  const name = `${part}Shortcut`;
  if (channelsOf(x) !== filters) return network.conv(x, name, filters, [1, 1, 1], strides);
  if (strides.every((step) => step === 1)) return x;
  const options = { filters, kernelSize: [1, 1, 1] as Size3, strides, seed: network.seed() };
  return new PaddedConv3D({ ...options, name: network.nameOf(name) }).apply(x) as SymbolicTensor;
}
