import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { DepthwiseConv3D } from '../../layers/convolution/depthwiseConv3D.js';
import { PaddedConv3D, type Size3 } from '../../layers/convolution/paddedConv3D.js';
import { SqueezeExcitation } from '../../layers/squeezeExcitation.js';
import { type BlockPlace, channelsOf, type VideoNetwork } from './videoNetwork.js';

/** The inner convolutions of a block have this many times the channels that come out of it, rounded down. */
const bottleneckFactor = 2.25;

/** The channels of the depthwise convolution of a block with so many channels. */
export function innerChannels(filters: number): number {
  return Math.floor(bottleneckFactor * filters);
}

/**
 * X3D's inverted bottleneck: a pointwise convolution, a depthwise one over 3x3x3, squeeze-and-excitation in every
 * second block from the first on, swish, and a pointwise one, beside a shortcut.
 */
export function x3dBlock(
  network: VideoNetwork,
  x: SymbolicTensor,
  place: BlockPlace,
  { filters, strides }: { filters: number; strides: Size3 },
): SymbolicTensor {
  const { part, block } = place;
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
  return network.residual(y, shortcut(network, x, part, filters, strides), place);
}

/** As published, only a shortcut that changes the channels is normalised; one that merely strides is not. */
function shortcut(
  network: VideoNetwork,
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
