import type { Shape } from '@tensorflow/tfjs-layers';

/** A layer that counts its own multiply-adds. */
export interface CostedLayer {
  /**
   * Multiply-adds of the layer's convolutions and matrix products for one sample, given the shapes with the batch
   * axis. Element-wise operations (normalisation, activations, pooling, sums) are not counted, as in the papers'
   * tables. Symbolic shapes are enough: no tensor is computed.
   */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number;
}
