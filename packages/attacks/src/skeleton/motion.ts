import * as tf from '@tensorflow/tfjs-core';
import { presentBodies } from './presentBodies.js';
import { type Arrangement, arrangement, type SkeletonAxes, skeletonAxesOf } from './skeletonAxes.js';

/** The joints of a batch as trajectories, and where their bodies are present. The last axis holds the joints of all bodies. */
export interface Motion extends Omit<Arrangement, 'arrange'> {
  /** `[frames, coordinates, joints of all bodies]`. */
  arrange(x: tf.Tensor): tf.Tensor3D;
  /** 1 where a joint's body is present, `[frames, 1, joints of all bodies]`. */
  present: tf.Tensor3D;
  /**
   * 1 where it is present in the frame and in those before and after, `[frames - 2, 1, joints of all bodies]`; undefined
   * with fewer than 3 frames.
   */
  steady?: tf.Tensor3D;
}

/**
 * The motion of clean inputs. Call it inside `tf.tidy`.
 * @param path what the axes are called in messages
 */
export function motionOf(clean: tf.Tensor, axes: SkeletonAxes | undefined, path: string): Motion {
  const { frames, coordinates } = skeletonAxesOf(clean, axes, path);
  const { arrange, ...others } = arrangement(clean.shape, [frames, coordinates]);
  const presentEntries = arrange(tf.mul(presentBodies(clean, axes, path), tf.onesLike(clean))) as tf.Tensor3D;
  const count = presentEntries.shape[0];
  const present = tf.slice3d(presentEntries, [0, 0, 0], [count, 1, -1]);
  const from = (start: number) => tf.slice3d(present, [start, 0, 0], [count - 2, 1, -1]);
  return {
    ...others,
    arrange: (x) => arrange(x) as tf.Tensor3D,
    present,
    steady: count < 3 ? undefined : tf.mul<tf.Tensor3D>(tf.mul(from(0), from(1)), from(2)),
  };
}

/** x(t+1) - 2 x(t) + x(t-1), `[frames - 2, ...]`, of trajectories `[frames, ...]`. */
export function accelerations(x: tf.Tensor3D): tf.Tensor3D {
  const [frames, size, count] = x.shape;
  const from = (start: number) => tf.slice3d(x, [start, 0, 0], [frames - 2, size, count]);
  return tf.sub(tf.add(from(0), from(2)), tf.mul(from(1), 2));
}
