import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { channelsOf, type VideoNetworkBuilder } from './videoNetwork.js';

/** A block's shortcut: x itself where the shape stays the same, or a normalised pointwise convolution with the block's stride. */
export function projection(
  network: VideoNetworkBuilder,
  x: SymbolicTensor,
  part: string,
  filters: number,
  strides: Size3,
): SymbolicTensor {
  const same = channelsOf(x) === filters && strides.every((step) => step === 1);
  return same ? x : network.conv(x, `${part}Shortcut`, filters, [1, 1, 1], strides);
}
