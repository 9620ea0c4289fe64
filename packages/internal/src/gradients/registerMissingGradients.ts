/*
 * tfjs 4.22 has no gradient for some operations that real models contain: the comparisons behind Masking and Embedding with
 * maskZero, and dilated convolutions. Its registry of gradients is global, so what is added here must change nothing that
 * works without it: a gradient is added only where tfjs has none, and otherwise used only where tfjs's own fails.
 * Registering is a call and no side effect of an import. Packages that bundle this code each have a copy of it, and
 * tfjs-layers replaces gradients when it is loaded later; so every call looks at what is registered now.
 */
import { registerConvolutionGradients } from './dilatedConvolutions.js';
import { registerLayerGradients } from './stockLayers.js';
import { registerStridedSliceGradient } from './stridedSlice.js';
import { registerIndexGradients, registerZeroGradients } from './zeroGradients.js';

/**
 * Registers the gradients that tfjs lacks: zero for comparisons, logical operations and indices, and those of dilated
 * convolutions, of batch normalisation without scale or offset, and of strided slices. Cheap enough to be called before each
 * attack. tfjs-layers, or something else that brings tfjs-core's own gradients, must be loaded before.
 */
export function registerMissingGradients(): void {
  registerZeroGradients();
  registerIndexGradients();
  registerConvolutionGradients();
  registerLayerGradients();
  registerStridedSliceGradient();
}
