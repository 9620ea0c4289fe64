/*
 * tfjs 4.22 ignores two things that Keras's global pooling in one and two dimensions does: `keepdims`, and the mask of a
 * padded sequence, over whose padding GlobalAveragePooling1D must not average. Models that tfjs builds or has saved keep its
 * behaviour, as neither is in their config: convertKeras3Json writes `useMask`, Keras itself `keepdims`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import type { LayerConfig } from '../../options.js';
import { stockLayer } from './stockLayer.js';

interface Config extends LayerConfig {
  keepdims?: boolean;
  useMask?: boolean;
}

for (const className of [
  'GlobalAveragePooling1D',
  'GlobalMaxPooling1D',
  'GlobalAveragePooling2D',
  'GlobalMaxPooling2D',
]) {
  const Stock = stockLayer<{ dataFormat?: string }>(className);
  class GlobalPooling extends Stock {
    static readonly className = className;
    readonly #keepdims: boolean;
    readonly #useMask: boolean;

    constructor(config: Config = {}) {
      super(config);
      this.#keepdims = config.keepdims === true;
      this.#useMask = config.useMask === true && className === 'GlobalAveragePooling1D';
      // The mask ends here, since the frames do.
      if (this.#useMask) this.supportsMasking = true;
    }

    override computeMask(
      inputs: tf.Tensor | tf.Tensor[],
      mask?: tf.Tensor | tf.Tensor[],
    ): tf.Tensor | tf.Tensor[] {
      return this.#useMask ? (null as unknown as tf.Tensor) : super.computeMask(inputs, mask);
    }

    override computeOutputShape(inputShape: Shape): Shape {
      if (!this.#keepdims) return super.computeOutputShape(inputShape) as Shape;
      const pooled = this.#pooledAxes(inputShape.length);
      return inputShape.map((length, axis) => (pooled.includes(axis) ? 1 : length));
    }

    override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { mask?: tf.Tensor }): tf.Tensor | tf.Tensor[] {
      return tf.tidy(() => {
        const x = Array.isArray(inputs) ? inputs[0]! : inputs;
        const mask = this.#useMask ? kwargs['mask'] : undefined;
        const y = mask ? maskedMean(x, mask) : (super.call(inputs, kwargs) as tf.Tensor);
        if (!this.#keepdims) return y;
        const pooled = this.#pooledAxes(x.rank);
        return tf.reshape(
          y,
          x.shape.map((length, axis) => (pooled.includes(axis) ? 1 : length)),
        );
      });
    }

    override getConfig(): tf.serialization.ConfigDict {
      return {
        ...super.getConfig(),
        ...(this.#keepdims && { keepdims: true }),
        ...(this.#useMask && { useMask: true }),
      };
    }

    #pooledAxes(rank: number): number[] {
      if (rank === 3) return [1];
      return this.dataFormat === 'channelsFirst' ? [2, 3] : [1, 2];
    }
  }
  tf.serialization.registerClass(GlobalPooling);
}

/** The mean over the frames [batch, frames, channels] that the mask [batch, frames] doesn't hide, as in Keras. */
function maskedMean(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const frames = tf.expandDims(tf.cast(mask, 'float32'), 2);
  return tf.divNoNan(tf.sum(tf.mul(x, frames), 1), tf.sum(frames, 1));
}
