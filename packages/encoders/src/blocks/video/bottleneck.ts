import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { projection } from './projection.js';
import { type ConvolutionKind, middleChannels, spatiotemporal } from './spatiotemporal.js';
import { type BlockPosition, channelsOf, type VideoNetworkBuilder } from './videoNetwork.js';

/** The output of a bottleneck has this many times the channels of its inner convolutions. */
const expansion = 4;

/**
 * A convolution between two pointwise ones with a shortcut around them: the block of networks with 50 layers. With
 * `frames` above 1 the first pointwise convolution spans that many frames, as in I3D and SlowOnly.
 */
export function bottleneck(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  position: BlockPosition,
  options: { planes: number; strides: Size3; kind: ConvolutionKind; frames?: number },
): SymbolicTensor {
  const { planes, strides, kind, frames = 1 } = options;
  const { part } = position;
  const middle = middleChannels(channelsOf(x), planes);
  let y = network.conv(x, `${part}Conv1`, planes, [frames, 1, 1]);
  y = network.activation(y, `${part}Relu1`);
  y = spatiotemporal(network, y, `${part}Conv2`, { kind, filters: planes, middle, strides });
  y = network.activation(y, `${part}Relu2`);
  y = network.conv(y, `${part}Conv3`, planes * expansion, [1, 1, 1]);
  return network.residual(y, projection(network, x, part, planes * expansion, strides), position);
}
