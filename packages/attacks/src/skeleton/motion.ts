import * as tf from '@tensorflow/tfjs-core';
import { onlyPresent } from '../threatModel/masks/onlyPresent.js';
import { arrangement, type SkeletonAxes, skeletonAxesOf } from './skeletonAxes.js';

/** How to get from an input to trajectories of joints and back, and when the bodies are there. */
export interface Motion {
  /** `[frames, coordinates, joints of all bodies]`. */
  arrange(x: tf.Tensor): tf.Tensor3D;
  /** The way back. */
  restore(x: tf.Tensor): tf.Tensor;
  /** A value for each row of the batch as one for each of its joints, `[joints of all bodies]`. */
  spread(rows: tf.Tensor): tf.Tensor1D;
  /** The largest value in each row, `[batch]`, of something `[any, any, joints of all bodies]`. */
  largestByRow(x: tf.Tensor): tf.Tensor1D;
  /** The sum in each row, `[batch]`, of something `[any, any, joints of all bodies]`. */
  sumByRow(x: tf.Tensor): tf.Tensor1D;
  /** 1 where a joint's body is there, `[frames, 1, joints of all bodies]`. */
  present: tf.Tensor3D;
  /** 1 where it is there in the frames before and after as well, `[frames - 2, 1, joints of all bodies]`; absent: fewer than 3 frames. */
  steady?: tf.Tensor3D;
}

/** The motion in inputs like this one, a clean one. Call it inside `tf.tidy`. */
export function motionOf(clean: tf.Tensor, axes?: SkeletonAxes): Motion {
  const { frames, coordinates } = skeletonAxesOf(clean, axes);
  const { arrange, ...others } = arrangement(clean.shape, [frames, coordinates]);
  const there = arrange(tf.mul(onlyPresent(axes)(clean), tf.onesLike(clean))) as tf.Tensor3D;
  const count = there.shape[0];
  const present = tf.slice3d(there, [0, 0, 0], [count, 1, -1]);
  const from = (start: number) => tf.slice3d(present, [start, 0, 0], [count - 2, 1, -1]);
  return {
    ...others,
    arrange: (x) => arrange(x) as tf.Tensor3D,
    present,
    steady: count < 3 ? undefined : tf.mul<tf.Tensor3D>(tf.mul(from(0), from(1)), from(2)),
  };
}
