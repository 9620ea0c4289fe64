import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { checkedConfig, checkOneOf } from '../../options.js';
import { present } from '../bodies/bodies.js';

/** Config of {@link Motion}. */
export interface MotionConfig extends LayerConfig {
  /**
   * `'next'`: x[t + 1] - x[t] in frame t, and zero in the last; `'previous'`: x[t] - x[t - 1] in frame t, and zero in the
   * first. Default `'next'`.
   */
  reference?: 'next' | 'previous';
  /** The last coordinate is a confidence, not a position: a step has the mean confidence of its two frames. Default false. */
  confidence?: boolean;
}

/**
 * How far each joint or bone moves from frame to frame, the motion streams of MS-AAGCN (Shi et al., "Skeleton-Based
 * Action Recognition with Multi-Stream Adaptive Graph Convolutional Networks", TIP 2020) and PYSKL. A step from or to a
 * frame that is all zero is zero, so that a body that appears, disappears or is padded makes no jump. Differentiable in
 * the coordinates.
 *
 * In and out: [batch, persons, frames, joints, coordinates].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { Motion } from '@amr/encoders';
 *
 * const joint = tf.tensor5d([1, 3, 6, 0], [1, 1, 4, 1, 1]);
 * console.log(tf.squeeze(new Motion().apply(joint) as tf.Tensor).arraySync()); // [2, 3, 0, 0]
 * ```
 */
export class Motion extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'Motion';
  /** See {@link MotionConfig.reference}. */
  readonly reference: 'next' | 'previous';
  /** See {@link MotionConfig.confidence}. */
  readonly confidence: boolean;

  /** @throws {EncoderConfigError} when the reference is unknown */
  constructor(config: MotionConfig = {}) {
    super(checkedConfig('Motion', config, { reference: true, confidence: true }));
    this.reference = config.reference ?? 'next';
    this.confidence = config.confidence ?? false;
    checkOneOf('Motion.reference', this.reference, ['next', 'previous']);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, coordinates] = x.shape;
      if (frames < 2) return tf.mul(x, 0);
      const bodies = batch * persons;
      const width = joints * coordinates;
      const step = (all: tf.Tensor, from: number) =>
        tf.slice(all, [0, from, 0], [bodies, frames - 1, all.shape[2]!]);

      const inFrame = tf.reshape(present(x, 3), [bodies, frames, 1]);
      const both = tf.mul(step(inFrame, 0), step(inFrame, 1));
      const flat = tf.reshape(x, [bodies, frames, width]);
      let [before, after] = [step(flat, 0), step(flat, 1)];
      if (this.confidence) {
        const factors = (mean: number) =>
          tf.tensor1d(Array.from({ length: width }, (_, i) => ((i + 1) % coordinates === 0 ? mean : 1)));
        [before, after] = [tf.mul(before, factors(-0.5)), tf.mul(after, factors(0.5))];
      }
      const moved = tf.mul(tf.sub(after, before), both);
      const empty: [number, number] = this.reference === 'next' ? [0, 1] : [1, 0];
      return tf.reshape(tf.pad(moved, [[0, 0], empty, [0, 0]]), x.shape); // biome-ignore format: one pair per axis
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), reference: this.reference, confidence: this.confidence };
  }
}
tf.serialization.registerClass(Motion);
