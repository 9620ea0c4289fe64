import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { projection } from './projection.js';
import { type ConvolutionKind, middleChannels, spatiotemporal } from './spatiotemporal.js';
import { type BlockPosition, channelsOf, type VideoNetworkBuilder } from './videoNetwork.js';

/** Two convolutions of `planes` channels with a shortcut around them: the block of networks with 10, 18 and 34 layers. */
export function basicBlock(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  position: BlockPosition,
  { planes, strides, kind }: { planes: number; strides: Size3; kind: ConvolutionKind },
): SymbolicTensor {
  const { part } = position;
  const middle = middleChannels(channelsOf(x), planes);
  const first = { kind, filters: planes, middle, strides };
  let y = spatiotemporal(network, x, `${part}Conv1`, first);
  y = network.activation(y, `${part}Relu1`);
  y = spatiotemporal(network, y, `${part}Conv2`, { kind, filters: planes, middle });
  return network.residual(y, projection(network, x, part, planes, strides), position);
}
