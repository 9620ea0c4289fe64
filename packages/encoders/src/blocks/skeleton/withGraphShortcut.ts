import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { GcnBlockPosition, GcnBuilder } from './gcn.js';

/**
 * relu(y + shortcut(x)): the residual connection around the graph convolution alone that 2s-AGCN, CTR-GCN and ST-GCN++
 * have inside each block, also in the first. Where the channels change, the shortcut is a pointwise convolution with batch
 * normalisation.
 */
export function withGraphShortcut(
  y: SymbolicTensor,
  x: SymbolicTensor,
  { part, channels, filters }: GcnBlockPosition,
  { name, norm, relu, temporal }: GcnBuilder,
): SymbolicTensor {
  const shortcut =
    channels === filters
      ? x
      : norm(temporal(x, `${part}GraphShortcut`, filters, 1, 1), `${part}GraphShortcutNorm`);
  const sum = layers.add({ name: name(`${part}GraphAdd`) }).apply([y, shortcut]) as SymbolicTensor;
  return relu(sum, `${part}GraphRelu`);
}
