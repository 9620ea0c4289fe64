import type { Shape } from '@tensorflow/tfjs-layers';

/** A layer that knows what it costs. */
export interface CostedLayer {
  /**
   * Multiply-adds of the layer's convolutions and matrix products for one sample, given the shapes with the batch
   * axis. What works element by element (normalisation, activations, pooling, sums) is not counted, as in the papers'
   * tables. Symbolic shapes are enough: nothing is computed.
   */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number;
}
