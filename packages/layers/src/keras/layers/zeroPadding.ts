import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkOneOf, checkOption, type LayerConfig } from '../../options.js';

/** Config of {@link ZeroPadding1D} and {@link ZeroPadding3D}. */
export interface ZeroPaddingConfig extends LayerConfig {
  /** Number of zeros at each end of each axis; or one number or one [front, behind] per axis. Default 1. */
  padding?: number | (number | [number, number])[];
  /** Default 'channelsLast'. */
  dataFormat?: 'channelsLast' | 'channelsFirst';
}

abstract class ZeroPadding extends layers.Layer {
  /** Zeros in front and behind, per axis. */
  readonly padding: [number, number][];
  /** See {@link ZeroPaddingConfig.dataFormat}. */
  readonly dataFormat: 'channelsLast' | 'channelsFirst';

  // Keys that Keras adds are ignored, as tfjs's own layers do.
  constructor(axes: number, config: ZeroPaddingConfig) {
    super(config);
    const { padding = 1, dataFormat = 'channelsLast' } = config;
    this.dataFormat = dataFormat;
    checkOneOf(`${this.name}.dataFormat`, dataFormat, ['channelsLast', 'channelsFirst']);
    const perAxis = pairsOf(padding, axes);
    const valid =
      perAxis.length === axes &&
      perAxis.every(
        (ends) => ends.length === 2 && ends.every((count) => Number.isInteger(count) && count >= 0),
      );
    checkOption(
      `${this.name}.padding`,
      padding,
      valid,
      `whole numbers from 0 for ${axes === 1 ? '1 axis' : `${axes} axes`}`,
    );
    this.padding = perAxis;
    this.inputSpec = [{ ndim: axes + 2 }];
  }

  get #ends(): [number, number][] {
    const none: [number, number] = [0, 0];
    return this.dataFormat === 'channelsLast' ? [none, ...this.padding, none] : [none, none, ...this.padding];
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape.map((length, axis) => {
      const [front, behind] = this.#ends[axis]!;
      return length == null ? null : length + front + behind;
    });
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.pad(Array.isArray(inputs) ? inputs[0]! : inputs, this.#ends));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { padding, dataFormat } = this;
    return { ...super.getConfig(), padding, dataFormat };
  }
}

/** Zeros in front of and behind the frames of [batch, frames, channels]. As in Keras; tfjs-layers has no such layer. */
export class ZeroPadding1D extends ZeroPadding {
  /** The name that saved models know this layer by. */
  static readonly className = 'ZeroPadding1D';

  /** @throws {LayerError} when `padding` or `dataFormat` isn't valid */
  constructor(config: ZeroPaddingConfig = {}) {
    super(1, config);
  }
}
tf.serialization.registerClass(ZeroPadding1D);

/** Zeros around [batch, frames, height, width, channels]. As in Keras; tfjs-layers has no such layer. */
export class ZeroPadding3D extends ZeroPadding {
  /** The name that saved models know this layer by. */
  static readonly className = 'ZeroPadding3D';

  /** @throws {LayerError} when `padding` or `dataFormat` isn't valid */
  constructor(config: ZeroPaddingConfig = {}) {
    super(3, config);
  }
}
tf.serialization.registerClass(ZeroPadding3D);

function pairsOf(padding: number | (number | [number, number])[], axes: number): [number, number][] {
  if (!Array.isArray(padding)) return Array.from({ length: axes }, () => [padding, padding]);
  // Keras writes ZeroPadding1D's as [front, behind].
  if (axes === 1 && padding.length === 2) return [padding as [number, number]];
  return padding.map((ends) => (Array.isArray(ends) ? ends : [ends, ends]));
}
