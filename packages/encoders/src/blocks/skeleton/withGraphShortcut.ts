import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { GcnBlockPlace, GcnParts } from './gcn.js';

/**
 * relu(y + shortcut(x)): the residual connection around the graph convolution alone that 2s-AGCN and CTR-GCN have
 * inside each block, the first too. Where the channels change, the shortcut is a pointwise convolution with batch
 * normalisation.
 */
export function withGraphShortcut(
  y: SymbolicTensor,
  x: SymbolicTensor,
  { part, channels, filters }: GcnBlockPlace,
  { name, norm, relu, temporal }: GcnParts,
): SymbolicTensor {
  const shortcut =
    channels === filters
      ? x
      : norm(temporal(x, `${part}GraphShortcut`, filters, 1, 1), `${part}GraphShortcutNorm`);
  const sum = layers.add({ name: name(`${part}GraphAdd`) }).apply([y, shortcut]) as SymbolicTensor;
  return relu(sum, `${part}GraphRelu`);
}
