import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig, checkOption } from '../../options.js';

/**
 * Which bodies are present: 1 for a body that has a coordinate other than 0 in any frame, 0 for one that is all zero.
 * The gradient is zero.
 *
 * In: [batch, persons, frames, joints, coordinates]. Out: [batch, persons].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyPresence } from '@amr/encoders';
 *
 * const clip = tf.concat([tf.ones([1, 1, 4, 25, 3]), tf.zeros([1, 1, 4, 25, 3])], 1);
 * console.log((new BodyPresence({}).apply(clip) as tf.Tensor).arraySync()); // [[1, 0]]
 * ```
 */
export class BodyPresence extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyPresence';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('BodyPresence', config, {}));
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape.slice(0, 2);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => present((Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor, 2));
  }
}
tf.serialization.registerClass(BodyPresence);

/**
 * Sets the values of absent bodies to zero. In: [x, presence] of [batch, persons, ...] and [batch, persons]. Out:
 * x's shape.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyMask } from '@amr/encoders';
 *
 * const masked = new BodyMask({}).apply([tf.ones([1, 2, 3]), tf.tensor2d([[1, 0]])]) as tf.Tensor;
 * console.log(masked.arraySync()); // [[[1, 1, 1], [0, 0, 0]]]
 * ```
 */
export class BodyMask extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyMask';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('BodyMask', config, {}));
  }

  override computeOutputShape(inputShape: Shape[]): Shape {
    return inputShape[0]!;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x, presence] = inputs as [tf.Tensor, tf.Tensor];
      const bodies = presence.size;
      return tf.reshape(tf.mul(tf.reshape(x, [bodies, -1]), tf.reshape(presence, [bodies, 1])), x.shape);
    });
  }
}
tf.serialization.registerClass(BodyMask);

/**
 * Mean over frames and joints, then over the bodies that are present; zeros when there is none.
 *
 * In: [x, presence] of [batch, persons, ..., C] and [batch, persons]. Out: [batch, C].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyMean } from '@amr/encoders';
 *
 * const x = tf.tensor3d([[[1, 2], [50, 60]]]);
 * console.log((new BodyMean({}).apply([x, tf.tensor2d([[1, 0]])]) as tf.Tensor).arraySync()); // [[1, 2]]
 * ```
 */
export class BodyMean extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyMean';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('BodyMean', config, {}));
  }

  override computeOutputShape(inputShape: Shape[]): Shape {
    const shape = inputShape[0]!;
    return [shape[0] ?? null, shape[shape.length - 1]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x, presence] = inputs as [tf.Tensor, tf.Tensor];
      const [batch, persons] = presence.shape as [number, number];
      const channels = x.shape[x.rank - 1]!;
      const bodies = tf.mean(tf.reshape(x, [batch * persons, -1, channels]), 1);
      const masked = tf.mul(bodies, tf.reshape(presence, [batch * persons, 1]));
      const sum = tf.sum(tf.reshape(masked, [batch, persons, channels]), 1);
      return tf.div(sum, tf.maximum(tf.sum(presence, 1, true), 1));
    });
  }
}
tf.serialization.registerClass(BodyMean);

/** Config of {@link RootCentering}. */
export interface RootCenteringConfig extends LayerConfig {
  /** Index of the joint that becomes the origin. Default 0. */
  root?: number;
  /**
   * The last coordinate is a confidence, not a position: it stays as it is, and so does a joint that is all zero, which a
   * detector has not found. Default false.
   */
  confidence?: boolean;
}

/**
 * Moves a scene so that the root joint of its first present body is at the origin, on average over the frames. The
 * position of the people in the room no longer matters; their motion and their positions relative to each other stay. The
 * origin is a mean over the frames, not the first frame, so that no single joint of a single frame moves the whole clip.
 * Frames and bodies that are all zero stay all zero. Differentiable in the coordinates.
 *
 * In and out: [batch, persons, frames, joints, coordinates].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { RootCentering } from '@amr/encoders';
 *
 * const clip = tf.tensor5d([[[[[3, 1, 2], [3, 2, 2]]]]]);
 * console.log((new RootCentering().apply(clip) as tf.Tensor).arraySync()); // [[[[[0, 0, 0], [0, 1, 0]]]]]
 * ```
 */
export class RootCentering extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'RootCentering';
  /** See {@link RootCenteringConfig.root}. */
  readonly root: number;
  /** See {@link RootCenteringConfig.confidence}. */
  readonly confidence: boolean;

  /** @param config see {@link RootCenteringConfig} */
  constructor(config: RootCenteringConfig = {}) {
    super(checkedConfig('RootCentering', config, { root: true, confidence: true }));
    this.root = config.root ?? 0;
    this.confidence = config.confidence ?? false;
  }

  /** @throws {EncoderConfigError} when the root is not one of the joints */
  override build(inputShape: Shape): void {
    const joints = inputShape[3]!;
    const good = Number.isInteger(this.root) && this.root >= 0 && this.root < joints;
    checkOption('RootCentering.root', this.root, good, `a joint from 0 to ${joints - 1}`);
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, coordinates] = x.shape;
      const flat = tf.reshape(x, [batch, persons * frames, joints * coordinates]);
      const root = tf.slice(flat, [0, 0, this.root * coordinates], [-1, -1, coordinates]);
      // The frames with a root: those where the body is present; with a confidence, those where the root was found.
      const found = this.confidence ? present(root, 2) : present(x, 3);

      const first = tf.reshape(
        tf.mul(tf.reshape(found, [batch, persons, frames]), tf.expandDims(firstBody(present(x, 2)), 2)),
        [batch, persons * frames, 1],
      );
      const count = tf.maximum(tf.sum(first, 1, true), 1);
      const origin = tf.div(tf.sum(tf.mul(root, first), 1, true), count); // [batch, 1, coordinates]
      if (!this.confidence) {
        const inFrame = tf.reshape(present(x, 3), [batch, persons * frames, 1]);
        return tf.reshape(tf.mul(tf.sub(flat, tf.tile(origin, [1, 1, joints])), inFrame), x.shape);
      }
      const moved = tf.tensor1d(Array.from({ length: coordinates }, (_, c) => Number(c < coordinates - 1)));
      const shift = tf.tile(tf.mul(origin, moved), [1, 1, joints]);
      return tf.reshape(tf.sub(flat, tf.mul(shift, this.#foundJoints(x))), x.shape);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), root: this.root, confidence: this.confidence };
  }

  /** 1 for each coordinate of a joint that is not all zero: [batch, persons * frames, joints * coordinates]. */
  #foundJoints(x: tf.Tensor5D): tf.Tensor {
    const [batch, persons, frames, joints, coordinates] = x.shape;
    const found = tf.reshape(present(x, 4), [batch * persons * frames, joints]) as tf.Tensor2D;
    // A product, since repeating along a trailing axis of 3 is slow.
    const repeat = tf.reshape(tf.tile(tf.expandDims(tf.eye(joints), 2), [1, 1, coordinates]), [joints, -1]);
    return tf.reshape(tf.matMul(found, repeat), [batch, persons * frames, joints * coordinates]);
  }
}
tf.serialization.registerClass(RootCentering);

/** 1 where any value along the axes after the first `axes` axes of x is not 0. Its gradient is zero. */
export function present(x: tf.Tensor, axes: number): tf.Tensor {
  const leading = x.shape.slice(0, axes);
  const rows = leading.reduce((product, size) => product * size, 1);
  const constant = tf.customGrad((given) => {
    const flat = tf.reshape(given as tf.Tensor, [rows, -1]);
    return {
      value: tf.reshape(tf.step(tf.max(tf.abs(flat), 1)), leading),
      gradFunc: () => tf.zeros(x.shape),
    };
  });
  return constant(x);
}

/** 1 at the first 1 of each row, 0 elsewhere. */
function firstBody(presence: tf.Tensor): tf.Tensor {
  const persons = presence.shape[1]!;
  if (persons === 1) return presence;
  const before = tf.sub(tf.cumsum(presence, 1), presence);
  return tf.mul(presence, tf.sub(1, tf.step(before)));
}
